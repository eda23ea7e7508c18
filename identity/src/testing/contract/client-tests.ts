import { expect, test } from 'vitest'
import { application, audience, audienceScope } from './subject.ts'
import type { Subject } from './subject.ts'

/** Clients, scopes, roles and users inside a realm. */
export function clientTests(subject: Subject): void {
  test('a scope is made once, gets mappers, and goes to every client that comes after', async () => {
    const before = await subject.makeApplication('before')
    const id = await subject.admin.createClientScope(audienceScope)
    await expect(subject.admin.createClientScope(audienceScope)).rejects.toThrow(
      '409 Client Scope our-audience already exists',
    )
    expect(await subject.admin.defaultScopes()).not.toContain('our-audience')
    await subject.admin.addDefaultScope(id)
    await subject.admin.addDefaultScope(id)
    const again = `/admin/realms/acme/default-default-client-scopes/${id}`
    expect((await subject.call('PUT', again, (await subject.tokens()).bootstrap))[0]).toBe(409)
    expect(await subject.admin.defaultScopes()).toEqual(
      expect.arrayContaining(['our-audience', 'basic', 'roles', 'profile']),
    )
    const scope = (await subject.admin.clientScopes()).find((one) => one.id === id)
    expect(scope?.protocolMappers).toMatchObject([audience])
    await subject.admin.createClient({ clientId: 'after', secret: 'app-secret', serviceAccountsEnabled: true })
    expect((await subject.admin.findClient('after'))?.defaultClientScopes).toContain('our-audience')
    expect(before.defaultClientScopes).not.toContain('our-audience')
    expect((await subject.claimsOf('after'))['aud']).toEqual(expect.arrayContaining(['urn:acme', 'account']))
    await subject.admin.replaceMappers(id, [
      { ...audience, config: { ...audience.config, 'included.custom.audience': 'urn:new' } },
    ])
    expect((await subject.claimsOf('after'))['aud']).toEqual(expect.arrayContaining(['urn:new']))
    await expect(subject.admin.replaceMappers('nope', [])).rejects.toThrow('404 Could not find client scope')
    await expect(subject.admin.addDefaultScope('nope')).rejects.toThrow('404 Client scope not found')
  })

  test('a client is what it was made of, and a change of some fields leaves the others', async () => {
    const client = await subject.makeApplication('app')
    expect(client).toMatchObject({ name: 'App', enabled: true, secret: 'app-secret', fullScopeAllowed: false })
    // Keycloak gives this one to every service account.
    expect([...client.defaultClientScopes].sort()).toEqual(['basic', 'roles', 'service_account'])
    expect(await subject.admin.createClient(application('app'))).toBe('taken')
    await subject.admin.updateClient(client.id, {
      name: 'New',
      attributes: { more: 'x' },
      defaultClientScopes: ['email'],
    })
    const changed = await subject.admin.findClient('app')
    expect(changed).toMatchObject({ name: 'New', secret: 'app-secret', enabled: true, fullScopeAllowed: false })
    expect(changed?.attributes).toMatchObject({ more: 'x', 'bulkhead.dev/subscription-uid': 's1' })
    expect(changed?.defaultClientScopes.toSorted()).toEqual(['basic', 'roles', 'service_account'])
    await expect(subject.admin.updateClient('nope', {})).rejects.toThrow('404 Could not find client')
    await expect(subject.admin.updateClient(client.id, { nonsense: 1 })).rejects.toThrow(
      '400 Invalid json representation',
    )
    expect(await subject.admin.findClient('ap')).toBeUndefined()
  })

  test('clients are found by the beginning of their ids, however many there are', async () => {
    const ids = Array.from({ length: 210 }, (_, index) => `many-${index}`)
    await Promise.all(ids.map((clientId) => subject.admin.createClient({ clientId, enabled: false })))
    await subject.admin.createClient({ clientId: 'not-many-1', enabled: false })
    expect((await subject.admin.findClients('many-')).map((client) => client.clientId).toSorted()).toEqual(
      ids.toSorted(),
    )
  })
}

/** What a client may have in its tokens. */
export function clientScopeTests(subject: Subject): void {
  test('a client that was deleted is gone with its account, and deleting it again is as good', async () => {
    const client = await subject.makeApplication('brief')
    const user = await subject.admin.serviceAccount(client.id)
    await subject.admin.deleteClient(client.id)
    expect(await subject.admin.findClient('brief')).toBeUndefined()
    expect(await subject.askFor('brief')).toMatchObject({ status: 401, error: 'invalid_client' })
    await subject.admin.deleteClient(client.id)
    await expect(subject.admin.rolesOfUser(user.id)).rejects.toThrow('404 User not found')
    await expect(subject.admin.serviceAccount(client.id)).rejects.toThrow('404 Could not find client')
  })

  test("a client's scopes become exactly the ones that are named", async () => {
    await subject.admin.createClient({ clientId: 'scoped', secret: 'app-secret', serviceAccountsEnabled: true })
    const client = await subject.admin.findClient('scoped')
    expect(client?.optionalClientScopes).toContain('offline_access')
    if (client !== undefined) await subject.admin.setClientScopes(client, ['basic', 'email'])
    const changed = await subject.admin.findClient('scoped')
    expect(changed?.defaultClientScopes.toSorted()).toEqual(['basic', 'email'])
    expect(changed?.optionalClientScopes).toEqual([])
    expect(await subject.claimsOf('scoped')).toMatchObject({ scope: 'email', email_verified: false })
    expect(await subject.claimsOf('scoped')).not.toHaveProperty('realm_access')
  })

  test("none of a client's scopes changes when one that is wanted is not there", async () => {
    const client = await subject.makeApplication('careful')
    await expect(subject.admin.setClientScopes(client, ['none'])).rejects.toThrow('"none"')
    expect(await subject.admin.findClient('careful')).toEqual(client)
  })

  test('a scope that a client has as an optional one is not given to it, and setClientScopes gives it', async () => {
    const { id } = await subject.makeApplication('moved')
    const address = (await subject.admin.clientScopes()).find(({ name }) => name === 'address')
    const { bootstrap } = await subject.tokens()
    const put = async (list: string) => {
      return (await subject.call('PUT', `/admin/realms/acme/clients/${id}/${list}/${address?.id}`, bootstrap))[0]
    }
    expect([await put('optional-client-scopes'), await put('default-client-scopes')]).toEqual([204, 204])
    const both = await clientNamed(subject, 'moved')
    expect(both).toMatchObject({ optionalClientScopes: ['address'] })
    expect(both.defaultClientScopes).not.toContain('address')
    await subject.admin.setClientScopes(both, ['basic', 'address'])
    const moved = await clientNamed(subject, 'moved')
    expect([moved.defaultClientScopes.toSorted(), moved.optionalClientScopes]).toEqual([['address', 'basic'], []])
  })

  test('a role is made once and found by its name', async () => {
    expect(await subject.admin.findRole('reader')).toBeUndefined()
    await subject.admin.createRole('reader')
    await subject.admin.createRole('reader')
    expect(await subject.admin.findRole('reader')).toMatchObject({ name: 'reader' })
  })

  test('an account that is disabled gets no token until it is enabled', async () => {
    const client = await subject.makeApplication('off')
    const user = await subject.admin.serviceAccount(client.id)
    await subject.call('PUT', `/admin/realms/acme/users/${user.id}`, (await subject.tokens()).bootstrap, {
      enabled: false,
    })
    expect(await subject.askFor('off')).toMatchObject({ status: 401, error: 'invalid_request' })
    await subject.admin.enableUser(user.id)
    expect(await subject.askFor('off')).toHaveProperty('access_token')
    await expect(subject.admin.enableUser('nope')).rejects.toThrow('404 User not found')
  })
}

async function clientNamed({ admin }: Subject, clientId: string) {
  const client = await admin.findClient(clientId)
  if (client === undefined) throw new Error(`There is no client "${clientId}"`)
  return client
}
