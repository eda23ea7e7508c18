// What tenants' statements cost the databases, as metrics: calls, time and rows of each tenant's role.
import type { RoleFigures, TenantDatabase } from '@bulkhead/database'
import { pause } from '@bulkhead/runtime'
import type { Clock, Logger, Metrics } from '@bulkhead/runtime'

export interface FiguresOptions {
  readonly databases: Pick<TenantDatabase, 'figures'>
  /** The tenants that there are: their names by role. */
  readonly names: () => ReadonlyMap<string, string>
  readonly everyMs?: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

const figures = ['calls', 'seconds', 'rows'] as const

/** Reads the figures over and over until the answer is called; then they are exported no more. */
export function startFigures(options: FiguresOptions): () => Promise<void> {
  const stopper = new AbortController()
  const keeper = new FigureKeeper(options)
  const running = keeper.run(stopper.signal)
  return async () => {
    stopper.abort(new Error('The figures were stopped'))
    await running
    keeper.forgetAll()
  }
}

/** Has a life: it knows what each role came to when it was read last. */
class FigureKeeper {
  readonly #options: FiguresOptions
  readonly #meters
  readonly #told = new Set<string>()
  #before: ReadonlyMap<string, RoleFigures> | undefined
  #silence: string | undefined

  constructor(options: FiguresOptions) {
    this.#options = options
    this.#meters = metersOf(options.metrics)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, everyMs = 60_000 } = this.#options
    do {
      try {
        await this.#read(signal)
      } catch (err) {
        if (!signal.aborted) logger.warn({ err }, 'query figures could not be read')
      }
    } while (await pause(clock, everyMs, signal))
  }

  forgetAll(): void {
    for (const tenant of this.#told) this.#forget(tenant)
    this.#meters.available.set(0)
  }

  async #read(signal: AbortSignal): Promise<void> {
    const names = this.#options.names()
    const servers = await this.#options.databases.figures([...names.keys()], signal)
    const silent = servers.flatMap((server) => (server.kind === 'untold' ? [server.why] : []))
    this.#tellSilence([...new Set(silent)].join('; '))
    const roles = servers.flatMap((server) => (server.kind === 'told' ? server.roles : []))
    this.#count(roles, names)
  }

  // Once, not every minute: what is not counted stays so until somebody changes the server.
  #tellSilence(why: string): void {
    this.#meters.available.set(why === '' ? 1 : 0)
    if (why !== '' && why !== this.#silence) {
      this.#options.logger.warn({ why }, 'query figures of tenants are not exported')
    }
    this.#silence = why
  }

  // What came before the first look is nobody's news; a figure that fell was reset, or its statements were forgotten.
  #count(roles: readonly RoleFigures[], names: ReadonlyMap<string, string>): void {
    for (const now of roles) {
      const tenant = names.get(now.role)
      if (tenant === undefined) continue
      const before = this.#before?.get(now.role)
      const isNews = this.#before !== undefined
      for (const figure of figures) {
        const grown = isNews ? Math.max(0, now[figure] - (before?.[figure] ?? 0)) : 0
        this.#meters[figure].add({ tenant_id: tenant }, grown)
      }
      this.#told.add(tenant)
    }
    // One whose server is away now is gone on with when it is back.
    const kept = [...(this.#before ?? [])].filter(([role]) => names.has(role))
    this.#before = new Map([...kept, ...roles.map((role) => [role.role, role] as const)])
    const there = new Set(names.values())
    for (const tenant of [...this.#told].filter((name) => !there.has(name))) this.#forget(tenant)
  }

  #forget(tenant: string): void {
    this.#told.delete(tenant)
    for (const figure of figures) this.#meters[figure].remove({ tenant_id: tenant })
  }
}

function metersOf(metrics: Metrics) {
  const counter = (name: string, help: string) => metrics.counter({ name, help, labels: ['tenant_id'] })
  return {
    calls: counter('bulkhead_tenant_queries_total', "Statements that the tenant's role ran"),
    seconds: counter('bulkhead_tenant_query_seconds_total', "How long the statements of the tenant's role ran"),
    rows: counter('bulkhead_tenant_query_rows_total', "Rows that the statements of the tenant's role gave or changed"),
    available: metrics.gauge({
      name: 'bulkhead_operator_query_figures',
      help: 'Whether every Postgres tells what the statements of each role cost',
    }),
  }
}
