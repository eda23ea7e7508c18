import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOrganisation, waitReady, type Organisation } from '../world/organisation.ts'
import { tenant } from '../world/objects.ts'
import { record, type Recorder } from '../world/recorder.ts'
import { eventually } from '../world/eventually.ts'
import { course, followStatuses, type StatusCourse } from '../world/status-course.ts'
import { countStatusWrites, writesBetween } from '../world/status-writes.ts'
import { openScenario, type Scenario } from './scenario.ts'

let scenario: Scenario
let recorder: Recorder
let acme: Organisation
let statuses: StatusCourse
const steps: StatusCourse['steps'] = (kind, name) => statuses.steps(kind, name)
const stepsOfEdit: StatusCourse['stepsOfEdit'] = (kind, name) => statuses.stepsOfEdit(kind, name)

beforeAll(async () => {
  scenario = await openScenario()
  const name = scenario.name('acme')
  recorder = await record(scenario.platform.endpoints.kubeconfigs.admin, ({ metadata }) =>
    [metadata.name, metadata.namespace ?? ''].some((text) => text === name || text === `tenant-${name}`),
  )
  statuses = followStatuses(recorder)
  acme = await createOrganisation(name, scenario)
})
afterAll(async () => {
  await recorder.stop()
  // What was recorded can be kept, to be the fixtures of the health script.
  const file = process.env['RECORD_STATUSES']
  if (file !== undefined) await writeFile(file, statuses.seen.map((state) => `${JSON.stringify(state)}\n`).join(''))
  await scenario.close(acme)
})

const namespaced = [
  ['Tool', 'orders'],
  ['ToolSet', 'api'],
  ['Plan', 'standard'],
  ['AccessPolicy', 'readers'],
  ['Subscription', 'app'],
] as const
const publish = () => {
  const { objects, backend, host } = acme
  return acme.apply(
    objects.plan('standard', { roles: ['reader'] }),
    objects.tool('orders', backend.port),
    objects.toolSet('api', host, ['orders']),
    objects.accessPolicy('readers', { kind: 'ToolSet', name: 'api' }, [{ roles: ['reader'] }]),
    objects.subscription('app', 'api', 'standard'),
  )
}

describe('from the first to the last word of each object', () => {
  test('a Tenant that is made is in progress until it is served, and current from then on', async () => {
    expect(course(await steps('Tenant', acme.name))).toBe('InProgress → Current')
  })

  test('kubectl waits for every kind, and each becomes current and stays so', async () => {
    await publish()
    await acme.waitReady(...namespaced.map(([kind, name]) => `${kind.toLowerCase()}/${name}`))
    await waitReady(scenario.kubectl, undefined, [`tenant/${acme.name}`])
    for (const [kind, name] of namespaced) {
      const made = await steps(kind, name)
      expect(made[0]?.status.observedGeneration, kind).toBe(-1)
      // A Tool is ready before a ToolSet publishes it: that is one more way, and all of them end well.
      expect(course(made), kind).toMatch(/^InProgress( → (Failed|Current) → InProgress)* → Current$/)
    }
  })

  test('an edit is in progress, then current, and costs few writes', async () => {
    await acme.apply(acme.objects.tool('orders', acme.backend.port, { timeout: '3s' }))
    await eventually(async () => {
      const { stdout } = await scenario.kubectl.attempt(['get', 'tool', 'orders', '-n', acme.namespace, '-o', 'yaml'])
      expect(stdout).toContain('observedGeneration: 2')
    })
    await acme.waitReady('tool/orders')
    const edited = await stepsOfEdit('Tool', 'orders')
    expect(course(edited)).toBe('InProgress → Current')
    // The edit itself, and at most one word that it is under way before the one that it is done.
    expect(edited.length).toBeLessThanOrEqual(3)
    for (const [kind, name] of namespaced.slice(1)) expect(await steps(kind, name), kind).toEqual([])
  })

  test('a mistake is a failure, and mending it is current again', async () => {
    await acme.apply(acme.objects.toolSet('api', acme.host, ['nothing']))
    await scenario.kubectl.run([
      'wait',
      '--for=condition=Stalled',
      '--timeout=30s',
      '-n',
      acme.namespace,
      'toolset/api',
    ])
    const notReady = await scenario.kubectl.attempt([
      ...['wait', '--for=condition=Ready', '--timeout=1s', '-n', acme.namespace, 'toolset/api'],
    ])
    expect(notReady.code).not.toBe(0)
    expect(course(await stepsOfEdit('ToolSet', 'api'))).toBe('InProgress → Failed')
    await publish()
    await eventually(async () =>
      expect((await acme.send({ path: '/orders/1', token: await acme.token() })).status).toBe(200),
    )
    await acme.waitReady('toolset/api')
    expect(course(await stepsOfEdit('ToolSet', 'api'))).toBe('InProgress → Current')
  })

  test('a suspended Subscription rests, and is current again when it resumes', async () => {
    const { objects } = acme
    await steps('Subscription', 'app')
    await acme.apply(objects.subscription('app', 'api', 'standard', { suspended: true }))
    const isResting = ['wait', '--for=jsonpath={.status.conditions[?(@.type=="CredentialsReady")].reason}=Suspended']
    await scenario.kubectl.run([...isResting, '--timeout=60s', '-n', acme.namespace, 'subscription/app'])
    await acme.apply(objects.subscription('app', 'api', 'standard'))
    await eventually(() => acme.token())
    await acme.waitReady('subscription/app')
    const all = await stepsOfEdit('Subscription', 'app')
    expect(course(all)).toBe('InProgress → Current')
    expect(course(all, (step) => step.argo.status)).toMatch(/^Progressing → Suspended → Progressing → Healthy$/)
  })

  test('a suspended Tenant rests, and is current again when it resumes', async () => {
    await steps('Tenant', acme.name)
    await scenario.kubectl.apply([tenant(acme.name, { suspended: true })])
    const isResting = ['wait', '--for=jsonpath={.status.conditions[?(@.type=="IdentityReady")].reason}=Suspended']
    await scenario.kubectl.run([...isResting, '--timeout=60s', `tenant/${acme.name}`])
    const isShut = ['wait', '--for=jsonpath={.status.conditions[?(@.type=="DatabaseReady")].reason}=Suspended']
    await scenario.kubectl.run([...isShut, '--timeout=60s', `tenant/${acme.name}`])
    await scenario.kubectl.apply([tenant(acme.name, { suspended: false })])
    await eventually(() => acme.token())
    await waitReady(scenario.kubectl, undefined, [`tenant/${acme.name}`])
    const all = await stepsOfEdit('Tenant', acme.name)
    expect(course(all)).toBe('InProgress → Current')
    expect(course(all, (step) => step.argo.status)).toMatch(/Suspended → Progressing → Healthy$/)
  })

  test('a mistake in a Tenant is a failure while the rest of it is served', async () => {
    await steps('Tenant', acme.name)
    await scenario.kubectl.apply([
      tenant(acme.name, { limits: { requestsPerSecond: { guaranteed: 900000, ceiling: 900000 } } }),
    ])
    await scenario.kubectl.run(['wait', '--for=condition=Stalled', '--timeout=30s', `tenant/${acme.name}`])
    expect(course(await stepsOfEdit('Tenant', acme.name))).toBe('InProgress → Failed')
    expect((await acme.send({ path: '/orders/1', token: await acme.token() })).status).toBe(200)
    await scenario.kubectl.apply([tenant(acme.name)])
    await waitReady(scenario.kubectl, undefined, [`tenant/${acme.name}`])
    const mended = await stepsOfEdit('Tenant', acme.name)
    expect(course(mended)).toBe('InProgress → Current')
    // The edit itself, the walls, the data plane, and what both make it.
    expect(mended.length).toBeLessThanOrEqual(4)
  })
})

const writers = ['operator', 'xds-server'] as const

test.each(writers)('a new %s writes nothing to what is settled', async (part) => {
  await waitReady(scenario.kubectl, undefined, [`tenant/${acme.name}`])
  const all = [['Tenant', acme.name] as const, ...namespaced]
  await eventually(async () => {
    for (const [kind, name] of all) await steps(kind, name)
    await scenario.clock.sleep(1000)
    for (const [kind, name] of all) expect(await steps(kind, name), kind).toEqual([])
  })
  const before = await countStatusWrites(scenario.kubectl)
  await scenario.platform.stop(part)
  await scenario.platform.start(part)
  // It has done its first round once it takes up an edit, of an object that is nobody else's business.
  await acme.apply(acme.objects.plan('marker', { roles: [`after-${part}`] }))
  await eventually(() => acme.waitReady('plan/marker'), { timeoutMs: 60_000 })
  if (part === 'operator') {
    await acme.apply(acme.objects.subscription('marker', 'api', 'standard'))
    await acme.waitReady('subscription/marker')
  }
  for (const [kind, name] of all)
    expect(
      (await steps(kind, name)).map(({ status }) => status),
      kind,
    ).toEqual([])
  // By the API server's own count, which knows of writes that changed nothing as well: only the markers were written.
  const written = Object.keys(writesBetween(before, await countStatusWrites(scenario.kubectl)))
  expect(written.toSorted()).toEqual(part === 'operator' ? ['plans', 'subscriptions'] : ['plans'])
})

test('what is deleted is terminating until it is gone', async () => {
  await scenario.kubectl.run(['delete', 'tenant', acme.name, '--timeout=120s'])
  for (const [kind, name] of [['Tenant', acme.name] as const, ['Subscription', 'app'] as const]) {
    expect(course(await steps(kind, name)), kind).toMatch(/(^|→ )Terminating$/)
  }
})
