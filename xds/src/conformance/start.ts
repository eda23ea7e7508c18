// The adapter and the xDS services behind it, with the subscription core, store and services of production.
import { ServerCredentials } from '@grpc/grpc-js'
import { DEFAULT_LIMITS, serveStreams, Streams } from '../serve/index.ts'
import { startAdapter } from './adapter.ts'
import { States } from './states.ts'

export interface ConformanceOptions {
  readonly host: string
  /** 0 takes a free one; suites expect 17000 and 18000. */
  readonly adapterPort: number
  readonly xdsPort: number
  readonly onFault: (fault: unknown) => void
}

export interface Conformance {
  readonly adapterPort: number
  readonly xdsPort: number
  close(): Promise<void>
}

const ANSWER_TIMEOUT_MS = 5_000

/** Starts both, in plain text: whoever connects gets the snapshot of the node that it says it is. Never for production. */
export async function startConformance({ host, onFault, ...ports }: ConformanceOptions): Promise<Conformance> {
  const states = new States()
  const streams = new Streams({
    memberOf: (call) => ({
      id: call.getPeer(),
      role: 'client',
      expiresAtMs: Infinity,
      fleetFor: (node) => states.fleetOf(node?.id ?? ''),
    }),
    ...{ onFault, limits: DEFAULT_LIMITS, answerTimeoutMs: ANSWER_TIMEOUT_MS },
    ...{ nowMs: Date.now, random: Math.random, sleep: () => Promise.resolve() },
  })
  const credentials = ServerCredentials.createInsecure()
  const xds = await serveStreams(streams, { address: `${host}:${ports.xdsPort}`, credentials, limits: DEFAULT_LIMITS })
  const adapter = await startAdapter(states, `${host}:${ports.adapterPort}`)
  return {
    adapterPort: adapter.port,
    xdsPort: xds.port,
    close: async () => {
      adapter.close()
      await xds.close(0)
    },
  }
}
