// One scripted API server and one clock per test, and a list and watch of them: importing this file sets them up.
import { afterEach, beforeEach, expect } from 'vitest'
import { z } from 'zod'
import { createKubeClient } from '../../kubernetes/client.ts'
import type { KubeClient } from '../../kubernetes/kube-client.ts'
import { ScriptedApiServer } from '../../kubernetes/testing/scripted-api-server.ts'
import { createLogger } from '../../logger.ts'
import { createMetrics } from '../../metrics.ts'
import type { MetricsRegistry } from '../../metrics.ts'
import { TestClock } from '../../testing/test-clock.ts'
import { until } from '../../testing/until.ts'
import { superviseListWatch } from '../supervise-list-watch.ts'
import type { Change, ListWatch, ListWatchOptions } from '../types.ts'

export const things = { group: 'test.dev', version: 'v1', plural: 'things', kind: 'Thing', namespaced: false }
const thing = z.object({ metadata: z.object({ name: z.string() }), spec: z.number() })
type Thing = z.infer<typeof thing>

export let server: ScriptedApiServer
export let clock: TestClock
export let client: KubeClient
export let metrics: MetricsRegistry
export let stop: AbortController
export let changes: string[]
export let quarantine: string[]
export let log: string[]
let lists: ListWatch<Thing>[]

beforeEach(async () => {
  server = await new ScriptedApiServer().start()
  clock = new TestClock()
  metrics = createMetrics()
  stop = new AbortController()
  changes = []
  quarantine = []
  log = []
  lists = []
  client = createKubeClient({ kubeconfigPath: server.kubeconfigPath, logger: logger(), clock })
})

afterEach(async () => {
  stop.abort(new Error('the test is over'))
  await Promise.all(lists.map((one) => one.stopped))
  expect(clock.sleeping).toBe(0)
  client.close()
  await server.stop()
})

export const logger = () => createLogger({ name: 't', level: 'info', destination: { write: (line) => log.push(line) } })
export const textOf = (change: Change<Thing>): string => `${change.type} ${change.key}=${change.object.spec}`

/** Starts a list and watch of the scripted server's things. */
export function follow(options: Partial<ListWatchOptions<Thing>> = {}): ListWatch<Thing> {
  const one = superviseListWatch<Thing>({
    client,
    kind: things,
    parse: (raw) => {
      const parsed = thing.safeParse(raw)
      return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problem: 'spec is no number' }
    },
    onChange: (change) => void changes.push(textOf(change)),
    onQuarantine: (key, problem) => void quarantine.push(`${key}: ${problem}`),
    onRelease: (key) => void quarantine.push(`${key} released`),
    clock,
    logger: logger(),
    metrics,
    signal: stop.signal,
    ...options,
    tuning: { random: () => 0.5, ...options.tuning },
  })
  lists.push(one)
  return one
}

export const stateOf = (one: ListWatch<Thing>) =>
  new Map([...one.store.keys()].map((key) => [key, one.store.get(key)?.spec]))
export const isWatching = (): boolean => server.openWatches === 1

/** Like `follow`, and waits until it watches. */
export async function started(options: Partial<ListWatchOptions<Thing>> = {}): Promise<ListWatch<Thing>> {
  const one = follow(options)
  await one.synced
  await until(isWatching)
  return one
}

/** An object as the server would send it. */
export function raw(name: string, uid: string, resourceVersion: string, spec: unknown): unknown {
  return { metadata: { name, uid, resourceVersion }, spec }
}

/** The same state gives the same value, whatever its order. */
export function sorted(state: ReadonlyMap<string, unknown>): unknown {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1))
}
