import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createKeycloak } from '../../keycloak/client.ts'
import { createHttp } from '../../keycloak/http.ts'
import { newRealm, secret, signal } from './subject.ts'
import type { Subject } from './subject.ts'

const creator = { clientId: 'creator', secret: 'creators-secret' }
const found = z.array(z.looseObject({ id: z.string() }))
const one = z.looseObject({ id: z.string() })

/** A bootstrap account that may create realms and nothing else. How far it reaches only a real Keycloak can tell. */
export function bootstrapTests(subject: Subject): void {
  test('S-173 an account that may only create realms does all that the port needs in those that it made', async () => {
    await makeCreator(subject)
    const keycloak = connectAsCreator(subject)
    expect(await keycloak.createRealm('made', newRealm, signal)).toBe('created')
    expect(await keycloak.createRealm('made', newRealm, signal)).toBe('taken')
    await keycloak.setEnabled('made', false, signal)
    await keycloak.setEnabled('made', true, signal)
    await keycloak.restoreAccount('made', secret, signal)
    expect((await keycloak.enter('made', secret, signal)).kind).toBe('open')
    await keycloak.renameRealm('made', 'kept', { more: 'x' }, signal)
    expect(await keycloak.findRealm('kept', signal)).toMatchObject({ attributes: { more: 'x' } })
    await keycloak.deleteRealm('kept', signal)
    expect(await keycloak.findRealm('kept', signal)).toBeUndefined()
  })

  test('S-173 and reaches neither a realm that it did not make, nor anything of master', async () => {
    const { bootstrap } = await subject.tokens()
    const token = (await subject.askFor(creator.clientId, creator.secret, 'master')).access_token ?? ''
    const clients = '/admin/realms/master/clients'
    const ofMaster = found.parse((await subject.call('GET', clients, bootstrap))[1])
    const master = ofMaster.find((client) => client['clientId'] === 'master-realm')?.id ?? ''
    const powerful = ofMaster.find((client) => client['clientId'] === subject.server.clientId)?.id ?? ''
    const admin = one.parse((await subject.call('GET', '/admin/realms/master/roles/admin', bootstrap))[1])
    const account = await accountOf(subject, bootstrap)
    const attempts: readonly (readonly [string, string, unknown?])[] = [
      ['GET', '/admin/realms/acme/clients'],
      ['GET', '/admin/realms/acme/users'],
      ['PUT', '/admin/realms/acme', { displayName: 'Mine' }],
      ['DELETE', '/admin/realms/acme'],
      ['GET', '/admin/realms/master/users'],
      ['PUT', '/admin/realms/master', { displayName: 'Mine' }],
      ['GET', clients],
      ['GET', `${clients}/${powerful}`],
      ['GET', `${clients}/${powerful}/client-secret`],
      ['POST', `${clients}/${powerful}/client-secret`],
      ['POST', clients, { clientId: 'mine' }],
      ['PUT', `${clients}/${powerful}`, { redirectUris: ['https://evil.test/*'] }],
      ['PUT', `${clients}/${master}`, { description: 'mine' }],
      ['POST', `${clients}/${master}/roles`, { name: 'mine' }],
      ['POST', `/admin/realms/master/users/${account}/role-mappings/realm`, [admin]],
      ['POST', '/admin/realms/master/components', { name: 'mine', providerId: 'rsa-generated' }],
    ]
    const answers = await Promise.all(
      attempts.map(async ([method, path, body]) => [method, path, (await subject.call(method, path, token, body))[0]]),
    )
    expect(answers).toEqual(attempts.map(([method, path]) => [method, path, 403]))
    // The same questions by an account that may: it is not the question that is refused.
    const reads = attempts.filter(([method]) => method === 'GET')
    const allowed = await Promise.all(reads.map(async ([, path]) => (await subject.call('GET', path, bootstrap))[0]))
    expect(new Set(allowed)).toEqual(new Set([200]))
  })
}

function connectAsCreator({ server }: Subject) {
  const latency = createMetrics().histogram({ name: 'k', help: 'k', labels: ['call'], buckets: [1] })
  const http = createHttp({ url: server.url, clock: systemClock, latency })
  const bootstrap = { clientId: creator.clientId, clientSecret: new Secret(creator.secret) }
  return createKeycloak({ http, bootstrap, clock: systemClock })
}

async function makeCreator(subject: Subject): Promise<void> {
  const { bootstrap } = await subject.tokens()
  const client = {
    ...creator,
    enabled: true,
    publicClient: false,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
  }
  await subject.call('POST', '/admin/realms/master/clients', bootstrap, client)
  const role = one.parse((await subject.call('GET', '/admin/realms/master/roles/create-realm', bootstrap))[1])
  const path = `/admin/realms/master/users/${await accountOf(subject, bootstrap)}/role-mappings/realm`
  expect((await subject.call('POST', path, bootstrap, [role]))[0]).toBe(204)
}

async function accountOf(subject: Subject, bootstrap: string): Promise<string> {
  const at = '/admin/realms/master/clients'
  const [, clients] = await subject.call('GET', `${at}?clientId=${creator.clientId}`, bootstrap)
  const id = found.parse(clients)[0]?.id ?? ''
  return one.parse((await subject.call('GET', `${at}/${id}/service-account-user`, bootstrap))[1]).id
}
