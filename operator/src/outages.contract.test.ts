import { kinds } from '@bulkhead/crds'
import { kstatus } from '@bulkhead/crds/testing'
import type { KubeKind } from '@bulkhead/runtime'
import { startFaultProxy } from '@bulkhead/runtime/testing'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startOperatorProcess } from './testing/process.ts'
import { stepsIn } from './testing/steps.ts'
import { startWorld } from './testing/world.ts'

// What the two kinds that the operator writes say while one of its dependencies is away, as a recorded course of every
// status there was. The operator is the process that is shipped, and reaches each of them through a network that is cut.
const world = await startWorld({ keycloak: 'double' })
const steps = stepsIn(world)
const proxies = {
  keycloak: await startFaultProxy(world.keycloak.url),
  postgres: await startFaultProxy(`tcp://127.0.0.1:${world.postgres.port}`),
  kubernetes: await startFaultProxy(world.api.url),
}
const operator = await startOperatorProcess(world, {
  keycloakUrl: proxies.keycloak.url,
  postgresPort: proxies.postgres.port,
  kubeconfigPath: await proxies.kubernetes.kubeconfig(world.api.kubeconfigPath),
  resyncSeconds: 2,
})
const stopper = new AbortController()
const recorded = [await recordAll(kinds.tenant), await recordAll(kinds.subscription)]

afterAll(async () => {
  stopper.abort()
  await Promise.allSettled(recorded.map(({ ended }) => ended))
  await operator.end()
  await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()))
  await world.stop()
})

const condition = z.object({ type: z.string(), status: z.string(), reason: z.string().default('') })
const state = z.looseObject({
  metadata: z.looseObject({ name: z.string(), generation: z.int() }),
  status: z.looseObject({ conditions: z.array(condition).default([]) }).default({ conditions: [] }),
})
type State = z.infer<typeof state>

async function recordAll(kind: KubeKind): Promise<{ readonly states: State[]; readonly ended: Promise<void> }> {
  const { resourceVersion } = await world.admin.list(kind, { limit: 1 })
  const states: State[] = []
  const follow = async (): Promise<void> => {
    for await (const { type, object } of world.admin.watch(kind, {
      ...{ resourceVersion, timeoutSeconds: 1800, signal: stopper.signal },
    })) {
      if (['ADDED', 'MODIFIED'].includes(type)) states.push(state.parse(object))
    }
  }
  return { states, ended: follow() }
}

/** What was said of one object, each status once and in order. */
function courseOf(name: string): readonly State[] {
  const all = recorded.flatMap(({ states }) => states.filter(({ metadata }) => metadata.name === name))
  return all.filter((one, index) => JSON.stringify(one.status) !== JSON.stringify(all[index - 1]?.status))
}

const reasonOf = ({ status }: State): string => {
  const ready = status.conditions.find(({ type }) => type === 'Ready')
  return ready === undefined ? 'unseen' : `${ready.status}/${ready.reason}`
}
/** How often its conditions changed; since when keys could not be fetched stands beside them. */
const changesOf = (name: string): number =>
  runs(courseOf(name).map(({ status }) => JSON.stringify(status.conditions))).length
const runs = (words: readonly string[]): readonly string[] => words.filter((word, index) => word !== words[index - 1])
const patient = { timeout: 60_000, interval: 50 }
const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const subscriptionRef = (name: string) => ({ kind: kinds.subscription, namespace: 'tenant-acme', name })
const failuresOf = (name: string): number =>
  operator
    .output()
    .split('\n')
    .filter((line) => line.includes(`"${name}"`) && line.includes('"err"')).length

async function untilServed(name: string): Promise<void> {
  await steps.program(kinds.tenant, await steps.tenantWith(name, 'True', walls))
  await steps.tenantWith(name, 'True', ['Ready'])
}

async function untilUsable(name: string): Promise<void> {
  const ref = subscriptionRef(name)
  await steps.program(kinds.subscription, await steps.subscriptionWith(ref, 'True', ['CredentialsReady']))
  await steps.subscriptionWith(ref, 'True', ['Ready'])
}

function expectSound(name: string): void {
  const course = courseOf(name)
  const judged = runs(course.map((one) => kstatus(one)))
  expect(judged, JSON.stringify(course.map(({ status }) => status))).toEqual(['InProgress', 'Current'])
  for (const { status } of course) expect(status.conditions.map(({ type }) => type)).not.toContain('Stalled')
  // No word comes back once another was said: nothing flaps.
  const words = runs(course.map(reasonOf))
  expect(new Set(words).size, words.join(' → ')).toBe(words.length)
}

test('with all of them there, both come to be Current once', async () => {
  await steps.createTenant('acme')
  await untilServed('acme')
  await steps.publish('tenant-acme', 'acme.gw.test')
  await steps.subscribe('tenant-acme', 'app')
  await untilUsable('app')
  await expect.poll(() => reasonOf(courseOf('app').at(-1) ?? state.parse({})), patient).toBe('True/Ready')
  for (const name of ['acme', 'app']) expectSound(name)
})

const outages = [
  ['F-46 Keycloak', 'keycloak', 'False/IdentityProviderUnavailable', 'False/IdentityProviderUnavailable'],
  ['F-51 Postgres', 'postgres', 'False/DatabaseUnavailable', undefined],
] as const

test.each(outages)(
  'with %s away what stood says nothing new, and what is new waits for it',
  async (_title, part, ...told) => {
    const before = ['acme', 'app'].map(changesOf)
    const [tenantReason, subscriptionReason] = told
    proxies[part].set({ kind: 'cut' })
    const [name, app] = [`new-${part}`, `app-${part}`]
    await steps.createTenant(name)
    await steps.subscribe('tenant-acme', app)
    await expect.poll(() => courseOf(name).map(reasonOf), patient).toContain(tenantReason)
    if (subscriptionReason === undefined) await untilUsable(app)
    else await expect.poll(() => courseOf(app).map(reasonOf), patient).toContain(subscriptionReason)
    // It was tried again, and so was the look at what stood.
    await expect.poll(() => Math.min(failuresOf(name), failuresOf('acme')), patient).toBeGreaterThan(1)
    expect(courseOf(name).map(reasonOf).at(-1)).toBe(tenantReason)
    expect(courseOf(name).every((one) => kstatus(one) === 'InProgress')).toBe(true)
    proxies[part].set({ kind: 'pass' })
    await untilServed(name)
    if (subscriptionReason !== undefined) await untilUsable(app)
    await expect.poll(() => reasonOf(courseOf(name).at(-1) ?? state.parse({})), patient).toBe('True/Ready')
    await expect.poll(() => reasonOf(courseOf(app).at(-1) ?? state.parse({})), patient).toBe('True/Ready')
    for (const one of [name, app]) expectSound(one)
    expect(['acme', 'app'].map(changesOf)).toEqual(before)
  },
)

test('F-27 with the API server away nobody says anything, and all that was asked for meanwhile is done afterwards', async () => {
  const before = ['acme', 'app'].map(changesOf)
  proxies.kubernetes.set({ kind: 'cut' })
  await expect.poll(() => operator.output(), patient).toContain('leadership lost')
  await steps.createTenant('new-kubernetes')
  await steps.subscribe('tenant-acme', 'app-kubernetes')
  await expect
    .poll(() => ['new-kubernetes', 'app-kubernetes'].map((one) => courseOf(one).length), patient)
    .toEqual([1, 1])
  for (const name of ['new-kubernetes', 'app-kubernetes'])
    expect(courseOf(name).map((one) => kstatus(one))).toEqual(['InProgress'])
  proxies.kubernetes.set({ kind: 'pass' })
  await untilServed('new-kubernetes')
  await untilUsable('app-kubernetes')
  for (const name of ['new-kubernetes', 'app-kubernetes']) {
    await expect.poll(() => reasonOf(courseOf(name).at(-1) ?? state.parse({})), patient).toBe('True/Ready')
    expectSound(name)
  }
  expect(['acme', 'app'].map(changesOf)).toEqual(before)
})
