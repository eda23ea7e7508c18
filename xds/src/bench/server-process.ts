// The server under measurement, in a process of its own: what it costs is its process's cost.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { encode, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { memberOfFleet, startXdsServer } from '../serve/index.ts'
import type { XdsServer } from '../serve/index.ts'
import { spliceResponse } from '../serve/wire.ts'
import { Fleet } from '../fleet/index.ts'
import { groupOf } from '../fleet/testing/sample.ts'
import { nameOfGroup } from './messages.ts'
import type { Answered, Asked, Figures } from './messages.ts'

const fleet = new Fleet()
const lag = monitorEventLoopDelay({ resolution: 1 })
let server: XdsServer | undefined
let edits = 0

async function start({ certificates, groups, streams }: Extract<Asked, { kind: 'start' }>): Promise<Answered> {
  for (let index = 0; index < groups; index += 1) fleet.store.publish(nameOfGroup(index), groupOf(nameOfGroup(index)))
  fleet.store.open()
  server = await startXdsServer({
    ...{ host: '127.0.0.1', port: 0, certificates },
    identityOf: memberOfFleet('bulkhead', 'shared'),
    fleetOf: () => fleet,
    limits: { maxAggregatedStreams: streams },
    onFault: (fault) => {
      throw fault
    },
  })
  lag.enable()
  return { kind: 'started', port: server.port }
}

function edit(group: string): Answered {
  edits += 1
  const resources = groupOf(group, `edit-${edits}`)
  const atNs = process.hrtime.bigint()
  fleet.store.publish(group, resources)
  return { kind: 'edited', atNs: String(atNs) }
}

function figures(): Figures {
  const { user, system } = process.cpuUsage()
  const lagP99Ms = lag.percentile(99) / 1e6
  lag.reset()
  return {
    cpuMs: (user + system) / 1000,
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
    bufferedBytes: server?.bufferedBytes ?? 0,
    lagP99Ms,
  }
}

/** What one response costs spliced from bytes that are there, and what it would cost to encode it each time. */
function compare(times: number): Answered {
  const [resource] = groupOf('compared').filter(({ typeUrl }) => typeUrl === TYPE_URLS.routeConfiguration)
  if (resource === undefined) throw new Error('The sample has no RouteConfiguration')
  const rest = { typeUrl: resource.typeUrl, nonce: 'nonce', version: 'version', group: 'compared' }
  const spliced = { ...rest, resources: [resource], removed: [], changed: [resource.name] }
  return {
    kind: 'encoded',
    spliceUs: microsecondsOf(times, () => spliceResponse('delta', spliced)),
    encodeUs: microsecondsOf(times, () => encodeResponse(resource)),
  }
}

function encodeResponse({ name, version, typeUrl, bytes }: EncodedResource): Uint8Array {
  return encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', {
    systemVersionInfo: 'version',
    typeUrl,
    nonce: 'nonce',
    resources: [{ name, version, resource: { typeUrl, value: bytes } }],
  })
}

function microsecondsOf(times: number, work: () => unknown): number {
  const startedMs = performance.now()
  for (let count = 0; count < times; count += 1) work()
  return ((performance.now() - startedMs) * 1000) / times
}

async function answer(asked: Asked): Promise<Answered> {
  switch (asked.kind) {
    case 'start':
      return start(asked)
    case 'edit':
      return edit(nameOfGroup(asked.group))
    case 'figures':
      return { kind: 'figures', figures: figures() }
    case 'encode':
      return compare(asked.times)
  }
}

process.on('message', (asked: Asked) => {
  void answer(asked).then((answered) => process.send?.(answered))
})
process.once('disconnect', () => process.exit())
