import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../world/eventually.ts'
import { tenant, type Manifest } from '../world/objects.ts'
import { createOrganisation, publishStandard, waitReady, type Organisation } from '../world/organisation.ts'
import { record, type Recorder } from '../world/recorder.ts'
import { course, followStatuses, type StatusCourse, type Step } from '../world/status-course.ts'
import { countStatusWrites, writesBetween } from '../world/status-writes.ts'
import { openScenario, type Scenario } from './scenario.ts'

// The life of one object of each kind, as kstatus reads it: an edit, a mistake, its mending, the end.
let scenario: Scenario
let recorder: Recorder
let acme: Organisation
let statuses: StatusCourse

beforeAll(async () => {
  scenario = await openScenario()
  const name = scenario.name('acme')
  recorder = await record(scenario.platform.endpoints.kubeconfigs.admin, ({ metadata }) =>
    [metadata.name, metadata.namespace ?? ''].some((text) => text === name || text === `tenant-${name}`),
  )
  statuses = followStatuses(recorder)
  acme = await createOrganisation(name, scenario)
  await publishStandard(acme, { roles: ['reader'] })
  await acme.apply(acme.objects.accessPolicy('readers', { kind: 'ToolSet', name: 'api' }, [{ roles: ['reader'] }]))
  await acme.waitReady('accesspolicy/readers', 'tool/orders', 'plan/standard')
})
afterAll(async () => {
  await recorder.stop()
  await scenario.close(acme)
})

interface Life {
  readonly kind: string
  readonly plural: string
  readonly name: string
  readonly edit: () => Manifest
  /** Undefined where the API server lets no mistake in. */
  readonly wrong?: () => Manifest
  /** What the mistake is called. */
  readonly reason?: string
}

const longAgo = { expiresAt: '2026-01-01T00:00:00Z' }
const lives: readonly Life[] = [
  {
    ...{ kind: 'Tenant', plural: 'tenants', reason: 'CapacityExceeded' },
    get name() {
      return acme.name
    },
    edit: () => tenant(acme.name, { limits: { requestsPerSecond: { guaranteed: 40, ceiling: 200 } } }),
    wrong: () => tenant(acme.name, { limits: { requestsPerSecond: { guaranteed: 900_000, ceiling: 900_000 } } }),
  },
  {
    ...{ kind: 'Tool', plural: 'tools', name: 'orders', reason: 'BackendNotAllowed' },
    edit: () => acme.objects.tool('orders', acme.backend.port, { timeout: '4s' }),
    wrong: () =>
      acme.objects.tool('orders', 80, {
        backend: { type: 'External', external: { host: '169.254.169.254', port: 80 } },
      }),
  },
  {
    ...{ kind: 'ToolSet', plural: 'toolsets', name: 'api', reason: 'HostnameNotGranted' },
    edit: () => acme.objects.toolSet('api', acme.host, ['orders'], { basePath: '/v2' }),
    wrong: () => acme.objects.toolSet('api', 'nobody.example', ['orders']),
  },
  {
    ...{ kind: 'Plan', plural: 'plans', name: 'standard' },
    edit: () => acme.objects.plan('standard', { roles: ['reader'], limits: [{ requests: 900, per: 'Minute' }] }),
  },
  {
    ...{ kind: 'AccessPolicy', plural: 'accesspolicies', name: 'readers', reason: 'TargetNotFound' },
    edit: () =>
      acme.objects.accessPolicy('readers', { kind: 'ToolSet', name: 'api' }, [{ roles: ['reader', 'writer'] }]),
    wrong: () => acme.objects.accessPolicy('readers', { kind: 'ToolSet', name: 'nothing' }, [{ roles: ['reader'] }]),
  },
  {
    ...{ kind: 'Subscription', plural: 'subscriptions', name: 'app', reason: 'Expired' },
    edit: () => acme.objects.subscription('app', 'api', 'standard', { application: { displayName: 'Edited' } }),
    wrong: () => acme.objects.subscription('app', 'api', 'standard', longAgo),
  },
]
const namespaced = lives.slice(1)

async function apply(object: Manifest): Promise<void> {
  if (object.kind === 'Tenant') await scenario.kubectl.apply([object])
  else await acme.apply(object)
}
const where = ({ kind }: Life): readonly string[] => (kind === 'Tenant' ? [] : ['-n', acme.namespace])
const target = ({ kind, name }: Life): string => `${kind.toLowerCase()}/${name}`

/** By kubectl, which takes no older generation's word. */
const settle = (life: Life, condition: 'Ready' | 'Stalled'): Promise<string> =>
  scenario.kubectl.run(['wait', `--for=condition=${condition}`, '--timeout=60s', ...where(life), target(life)])

/** Waits until nothing more is written about anything. */
const untilQuiet = (): Promise<void> =>
  eventually(async () => {
    const before = await countStatusWrites(scenario.kubectl)
    await scenario.clock.sleep(1000)
    expect(writesBetween(before, await countStatusWrites(scenario.kubectl))).toEqual({})
  })

/** The same, and forgets what was said until then. */
async function fromQuiet(): Promise<void> {
  await untilQuiet()
  for (const { kind, name } of lives) await statuses.steps(kind, name)
}

const settled = (all: readonly Step[]): readonly Step[] =>
  all.filter(({ kstatus }) => kstatus.status === 'Current' || kstatus.status === 'Failed')

interface Course {
  readonly says: string
  readonly settledWrites: number
  readonly last: Step | undefined
}

async function courseOf(life: Life, change: () => Manifest, condition: 'Ready' | 'Stalled'): Promise<Course> {
  await fromQuiet()
  const before = await countStatusWrites(scenario.kubectl)
  await apply(change())
  await settle(life, condition)
  await untilQuiet()
  const all = await statuses.stepsOfEdit(life.kind, life.name)
  const { [life.plural]: writes = 0 } = writesBetween(before, await countStatusWrites(scenario.kubectl))
  // Each step but the edit itself is one write, and there was no write besides that changed nothing.
  expect(writes, JSON.stringify(all.map(({ status }) => status))).toBe(all.length - 1)
  return { says: course(all), settledWrites: settled(all).length, last: all.at(-1) }
}

describe.each(lives)('$kind', (life) => {
  const good = { says: 'InProgress → Current', settledWrites: 1 }

  test('an edit is in progress, then current, with one write for what it came to', async () => {
    expect(await courseOf(life, life.edit, 'Ready')).toMatchObject(good)
  })

  test.runIf(life.wrong !== undefined)('a mistake is a failure with a reason; mended it is current again', async () => {
    const failed = await courseOf(life, life.wrong ?? life.edit, 'Stalled')
    expect(failed.says).toBe('InProgress → Failed')
    // A Tenant has two writers, and the data plane takes up what there is of it: each says its own once.
    expect(failed.settledWrites).toBeLessThanOrEqual(life.kind === 'Tenant' ? 2 : 1)
    const stalled = failed.last?.status.conditions.find(({ type }) => type === 'Stalled')
    expect(stalled?.reason).toBe(life.reason)
    expect(await courseOf(life, life.edit, 'Ready')).toMatchObject(good)
  })

  test('Events tell what it came to, each once', async () => {
    const { stdout } = await scenario.kubectl.attempt([
      ...['get', 'events', '-n', life.kind === 'Tenant' ? 'default' : acme.namespace, '-o', 'json'],
      ...['--field-selector', `involvedObject.kind=${life.kind},involvedObject.name=${life.name}`],
    ])
    const { items } = JSON.parse(stdout) as { items: { reason: string; message: string; firstTimestamp: string }[] }
    const told = items.map(({ reason, message, firstTimestamp }) => `${firstTimestamp} ${reason} ${message}`)
    expect(told.length).toBe(new Set(told).size)
    if (life.reason !== undefined) expect(items.map(({ reason }) => reason)).toContain(life.reason)
    const quiet = ['Progressing', 'Waiting', 'NotProgrammed', 'NotReferenced', 'Withdrawn']
    expect(items.filter(({ reason }) => quiet.includes(reason))).toEqual([])
  })
})

test('nothing is written about what is settled, and no Event is made', async () => {
  await waitReady(scenario.kubectl, acme.namespace, namespaced.map(target))
  await fromQuiet()
  const before = await countStatusWrites(scenario.kubectl)
  // What wakes both processes and changes nothing that they look at.
  await scenario.kubectl.run(['label', 'tenant', acme.name, 'team=red'])
  for (const life of namespaced) await scenario.kubectl.run(['label', target(life), ...where(life), 'team=red'])
  // Both have done that by the time they have done what comes after it.
  await acme.apply(acme.objects.plan('marker'), acme.objects.subscription('marker', 'api', 'standard'))
  await acme.waitReady('plan/marker', 'subscription/marker')
  await untilQuiet()
  const written = writesBetween(before, await countStatusWrites(scenario.kubectl))
  expect(Object.keys(written).toSorted()).toEqual(['plans', 'subscriptions'])
  for (const { kind, name } of lives) {
    const all = await statuses.steps(kind, name)
    // The label itself, and the same status as before.
    expect(new Set(all.map(({ status }) => JSON.stringify(status))).size, `${kind} ${name}`).toBe(1)
  }
  const { stdout } = await scenario.kubectl.attempt(['get', 'events', '-n', acme.namespace, '-o', 'json'])
  const { items } = JSON.parse(stdout) as {
    items: { involvedObject: { name: string; kind: string }; reason: string }[]
  }
  const ofMarker = items.filter(({ involvedObject }) => involvedObject.name === 'marker')
  expect(ofMarker.map(({ involvedObject, reason }) => `${involvedObject.kind} ${reason}`)).toContain(
    'Subscription Ready',
  )
})

describe('the end', () => {
  const order = ['Subscription', 'AccessPolicy', 'ToolSet', 'Plan', 'Tool', 'Tenant']
  const inOrder = order.flatMap((kind) => lives.filter((life) => life.kind === kind))

  test.each(inOrder)('$kind goes, terminating where there is something to clean up', async (life) => {
    await fromQuiet()
    await scenario.kubectl.run(['delete', target(life), ...where(life), '--timeout=120s'])
    const all = await statuses.steps(life.kind, life.name)
    const cleansUp = life.kind === 'Tenant' || life.kind === 'Subscription'
    expect(course(all)).toMatch(cleansUp ? /^(Current → )?Terminating$/ : /^Current$/)
  })
})
