import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { Organisation } from '../world/organisation.ts'
import { eventually } from '../world/eventually.ts'
import { tenant } from '../world/objects.ts'
import { startSteadyLoad } from '../world/steady-load.ts'
import type { Scenario } from './scenario.ts'
import { openTwoOrganisations } from './two-organisations.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation

beforeAll(async () => {
  ;({ scenario, acme, globex } = await openTwoOrganisations())
})
afterAll(() => scenario.close(acme, globex))

const conditioned = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() })),
  }),
})

async function condition(kind: string, name: string, type: string) {
  const object = conditioned.parse(await scenario.kubectl.read(['get', kind, name, '-n', acme.namespace]))
  return object.status.conditions.find((entry) => entry.type === type)
}

const refusedBecause = (kind: string, name: string, reason: string) =>
  eventually(async () => {
    const accepted = await condition(kind, name, 'Accepted')
    expect(accepted).toMatchObject({ status: 'False', reason })
    return accepted?.message ?? ''
  })

test('an object that the schema refuses names its field', async () => {
  const wrong = acme.objects.tool('wrong', 70_000)
  const answer = await scenario.kubectl.attempt(['apply', '-f', '-'], { stdin: JSON.stringify(wrong), as: acme.admin })
  expect(answer.code).not.toBe(0)
  expect(answer.stderr).toContain('spec.backend.external.port')
})

test('a field that does nothing is not accepted', async () => {
  const wrong = acme.objects.tool('wrong', 7000, { lua: 'x' })
  const answer = await scenario.kubectl.attempt(['apply', '-f', '-'], { stdin: JSON.stringify(wrong), as: acme.admin })
  expect(answer.stderr).toContain('unknown field "spec.lua"')
})

test("S-109 another tenant's host is refused without saying whose it is, and its traffic goes on", async () => {
  await acme.apply(acme.objects.toolSet('thief', globex.host, ['orders'], { access: 'Public' }))
  const message = await refusedBecause('toolset', 'thief', 'HostnameNotGranted')
  expect(message.replace(globex.host, '')).not.toContain(globex.name)
  globex.backend.forget()
  const token = await globex.token()
  expect((await globex.send({ path: '/orders/1', token })).status).toBe(200)
  expect((await globex.send({ path: '/orders/1' })).status).toBe(401)
})

test('S-109 a host that another tenant holds is not granted', async () => {
  const host = `${scenario.name('shop')}.example.test`
  await scenario.kubectl.apply([tenant(globex.name, { hostnames: [{ host }] })])
  await eventually(async () => {
    const query = ['get', 'tenant', globex.name, '-o', 'jsonpath={.status.granted.hostnames}']
    expect(await scenario.kubectl.run(query)).toContain(host)
  })
  await scenario.kubectl.apply([tenant(acme.name, { hostnames: [{ host: host.toUpperCase() }] })])
  const granted = await eventually(async () => {
    const object = conditioned.parse(await scenario.kubectl.read(['get', 'tenant', acme.name]))
    const found = object.status.conditions.find((entry) => entry.type === 'Granted')
    expect(found).toMatchObject({ status: 'False', reason: 'HostnameNotGranted' })
    return found?.message ?? ''
  })
  expect(granted).not.toContain(globex.name)
  await scenario.kubectl.apply([tenant(acme.name), tenant(globex.name)])
})

test.each([
  ['169.254.169.254', 'the metadata address'],
  ['10.0.0.1', 'an address outside the allowed ranges'],
])('S-007 a backend at %s (%s) is refused on its own path and nowhere else', async (host) => {
  const name = `ssrf-${host.split('.')[0] ?? ''}`
  await acme.apply(
    acme.objects.tool(name, 80, { backend: { type: 'External', external: { host, port: 80 } } }),
    acme.objects.toolSet(name, acme.host, [name, 'open'], { basePath: `/${name}`, access: 'Public' }),
  )
  await refusedBecause('tool', name, 'BackendNotAllowed')
  await eventually(async () => expect((await acme.send({ path: `/${name}/open` })).status).toBe(200))
  expect((await acme.send({ path: `/${name}/${name}`, token: await acme.token() })).status).toBe(500)
})

test('S-077 a tool that breaks is refused on its path and never falls through to a broader one', async () => {
  await acme.apply(
    acme.objects.tool('all', acme.backend.port, { http: { pathPrefix: '/' } }),
    acme.objects.tool('admin', acme.backend.port, { http: { pathPrefix: '/admin' } }),
    acme.objects.toolSet('wide', acme.host, ['all', 'admin'], { basePath: '/wide', access: 'Public' }),
  )
  await acme.waitReady('toolset/wide')
  await eventually(async () => expect((await acme.send({ path: '/wide/admin' })).status).toBe(200))
  await acme.apply(
    acme.objects.tool('admin', 80, {
      http: { pathPrefix: '/admin' },
      backend: { type: 'External', external: { host: '10.0.0.1', port: 80 } },
    }),
  )
  const token = await acme.token()
  await eventually(async () => expect((await acme.send({ path: '/wide/admin', token })).status).toBe(500))
  expect((await acme.send({ path: '/wide/admin' })).status).toBe(401)
  expect((await acme.send({ path: '/wide/other' })).status).toBe(200)
})

test.each([
  ['toolset', 'ToolNotFound', () => acme.objects.toolSet('lost', acme.host, ['no-such-tool'], { basePath: '/lost' })],
  ['subscription', 'ToolSetNotFound', () => acme.objects.subscription('lost', 'no-such-set', 'standard')],
  ['subscription', 'PlanNotFound', () => acme.objects.subscription('lost-plan', 'api', 'no-such-plan')],
  [
    'accesspolicy',
    'TargetNotFound',
    () => acme.objects.accessPolicy('lost', { kind: 'Tool', name: 'no-such-tool' }, []),
  ],
])('a %s that refers to nothing says %s', async (kind, reason, object) => {
  const manifest = object()
  await acme.apply(manifest)
  await refusedBecause(kind, manifest.metadata.name, reason)
})

test('a broken object of acme changes nothing for globex, and is mended without a restart', async () => {
  const token = await globex.token()
  const load = startSteadyLoad(() => globex.send({ path: '/orders/1', token }), { clock: scenario.clock, pauseMs: 25 })
  onTestFinished(async () => {
    await load.stop()
  })
  expect((await acme.send({ path: '/open' })).status).toBe(200)
  const nowhere = { backend: { type: 'External', external: { host: '10.0.0.1', port: 80 } } }
  await acme.apply(acme.objects.tool('open', 80, nowhere))
  await refusedBecause('tool', 'open', 'BackendNotAllowed')
  // A path whose rule cannot be applied asks for a token, whatever its tool set's access is.
  const mine = await acme.token()
  await eventually(async () => expect((await acme.send({ path: '/open', token: mine })).status).toBe(500))
  expect((await acme.send({ path: '/open' })).status).toBe(401)
  await acme.apply(acme.objects.tool('open', acme.backend.port))
  await eventually(async () => expect((await acme.send({ path: '/open' })).status).toBe(200))
  await acme.waitReady('tool/open')
  await load.pass(1)
  expect((await load.stop()).failures).toEqual([])
})
