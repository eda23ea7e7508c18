// How full the Keycloaks and the databases are, as metrics: what is placed on each shard, and what it takes.
import type { Occupied, PlacedWall, Shard } from '@bulkhead/database'
import { pause } from '@bulkhead/runtime'
import type { Clock, Logger, Metrics } from '@bulkhead/runtime'

export interface OccupancyOptions {
  /** What the registry says of every shard that holds something. */
  readonly read: (signal: AbortSignal) => Promise<readonly Occupied[]>
  readonly shards: Readonly<Record<PlacedWall, readonly Shard[]>>
  readonly everyMs?: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Exports it over and over until the answer is called; then it is exported no more. */
export function startOccupancy(options: OccupancyOptions): () => Promise<void> {
  const { clock, logger, metrics, everyMs = 60_000 } = options
  const meters = metersOf(metrics)
  const stopper = new AbortController()
  const run = async (): Promise<void> => {
    do {
      try {
        tell(meters, options.shards, await options.read(stopper.signal))
      } catch (err) {
        if (!stopper.signal.aborted) logger.warn({ err }, 'how full the shards are could not be read')
      }
    } while (await pause(clock, everyMs, stopper.signal))
  }
  const running = run()
  return async () => {
    stopper.abort(new Error('The count was stopped'))
    await running
    for (const meter of [meters.placed, meters.capacity]) forEach(options.shards, (labels) => meter.remove(labels))
  }
}

type Meters = ReturnType<typeof metersOf>

// A shard that the configuration does not name any more takes nothing: its tenants say so themselves.
function tell({ placed, capacity }: Meters, shards: OccupancyOptions['shards'], seen: readonly Occupied[]): void {
  forEach(shards, (labels, shard) => {
    const found = seen.find((one) => one.wall === labels.wall && one.shard === labels.shard)
    placed.set(found?.placed ?? 0, labels)
    capacity.set(shard.capacity, labels)
  })
}

type Labels = Readonly<Record<'wall' | 'shard', string>>

function forEach(shards: OccupancyOptions['shards'], work: (labels: Labels, shard: Shard) => void): void {
  for (const wall of ['identity', 'database'] as const) {
    for (const shard of shards[wall]) work({ wall, shard: shard.name }, shard)
  }
}

function metersOf(metrics: Metrics) {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels: ['wall', 'shard'] })
  return {
    placed: gauge('bulkhead_operator_shard_placed', 'Realms, or schemas, that are placed on a shard, kept ones too'),
    capacity: gauge('bulkhead_operator_shard_capacity', 'How many realms, or schemas, a shard takes'),
  }
}
