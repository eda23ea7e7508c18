import { afterAll, beforeAll, expect, test } from 'vitest'
import { createOrganisation, publishStandard, waitReady, type Organisation } from '../world/organisation.ts'
import { eventually } from '../world/eventually.ts'
import { tenant } from '../world/objects.ts'
import type { Scenario } from './scenario.ts'
import { openTwoOrganisations } from './two-organisations.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation

beforeAll(async () => {
  ;({ scenario, acme, globex } = await openTwoOrganisations())
})
afterAll(() => scenario.close(acme, globex))

test('a suspended tenant is answered 403 with a reason, gets no tokens, and comes back as it was', async () => {
  const [mine, theirs] = await Promise.all([acme.token(), globex.token()])
  expect((await acme.send({ path: '/orders/1', token: mine })).status).toBe(200)
  await scenario.kubectl.apply([tenant(acme.name, { suspended: true })])
  const shut = await eventually(async () => {
    const answer = await acme.send({ path: '/orders/1', token: mine })
    expect(answer.status).toBe(403)
    return answer
  })
  expect(shut.body).toContain('suspended')
  await eventually(() => expect(acme.token()).rejects.toThrow())
  expect((await globex.send({ path: '/orders/1', token: theirs })).status).toBe(200)

  await scenario.kubectl.apply([tenant(acme.name, { suspended: false })])
  await waitReady(scenario.kubectl, undefined, [`tenant/${acme.name}`])
  const again = await eventually(() => acme.token())
  await eventually(async () => expect((await acme.send({ path: '/orders/1', token: again })).status).toBe(200))
})

test('S-190 a deleted tenant is gone everywhere, and one of the same name inherits nothing', async () => {
  const token = await acme.token()
  expect((await acme.send({ path: '/orders/1', token })).status).toBe(200)
  const { status } = await acme.status()
  await scenario.kubectl.run(['delete', 'tenant', acme.name, '--timeout=90s'])

  expect((await acme.send({ path: '/orders/1', token })).status).toBe(404)
  const issuer = new URL(status.identity.issuer)
  const discovery = { host: issuer.host, path: `${issuer.pathname}/.well-known/openid-configuration` }
  expect((await scenario.client.send(discovery)).status).toBe(404)
  expect(await scenario.sql('select 1 from pg_namespace where nspname = $1', [status.database.schema])).toEqual([])
  expect(await scenario.sql('select 1 from pg_roles where rolname = $1', [status.database.role])).toEqual([])
  const namespace = await scenario.kubectl.attempt(['get', 'namespace', acme.namespace])
  expect(namespace.stderr).toContain('NotFound')
  const theirs = await globex.token()
  expect((await globex.send({ path: '/orders/1', token: theirs })).status).toBe(200)

  await acme.stop()
  acme = await createOrganisation(acme.name, scenario)
  await publishStandard(acme)
  const next = (await acme.status()).status
  expect(next.id).not.toBe(status.id)
  expect((await acme.send({ path: '/orders/1', token })).status).toBe(401)
  expect((await acme.send({ path: '/orders/1', token: await acme.token() })).status).toBe(200)
})
