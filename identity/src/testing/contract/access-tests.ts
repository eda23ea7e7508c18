import { expect, test } from 'vitest'
import { z } from 'zod'
import { operatorClientId } from '../../keycloak/operator-client.ts'
import { secret, signal } from './subject.ts'
import type { Subject } from './subject.ts'

/** Who is let in, and what for. */
export function accessTests(subject: Subject): void {
  test.each<[string, (own: { client: string; account: string }, token: string) => Promise<unknown>]>([
    [
      'disabled',
      ({ client }, token) => subject.call('PUT', `/admin/realms/acme/clients/${client}`, token, { enabled: false }),
    ],
    [
      'given another secret',
      ({ client }, token) => subject.call('PUT', `/admin/realms/acme/clients/${client}`, token, { secret: 'x' }),
    ],
    ['deleted', ({ client }, token) => subject.call('DELETE', `/admin/realms/acme/clients/${client}`, token)],
    [
      'without its user',
      ({ account }, token) => subject.call('PUT', `/admin/realms/acme/users/${account}`, token, { enabled: false }),
    ],
  ])('our account is let in no more when it was %s, and again when it was restored', async (_title, lockOut) => {
    const client = (await subject.admin.findClient(operatorClientId))?.id ?? ''
    const account = (await subject.admin.serviceAccount(client)).id
    await lockOut({ client, account }, (await subject.tokens()).bootstrap)
    expect(await subject.isOpen('acme')).toBe(false)
    await subject.keycloak.restoreAccount('acme', secret, signal)
    subject.admin = await subject.enter('acme')
    expect(await subject.admin.findClient(operatorClientId)).toMatchObject({
      enabled: true,
      serviceAccountsEnabled: true,
    })
    expect(await subject.admin.findUser('tenant-admin')).toBeDefined()
    await subject.admin.updateRealm({})
  })
}

/** What an account may do, and what not. */
export function permissionTests(subject: Subject): void {
  test('a token of one realm opens that realm only, and creates and lists none', async () => {
    const { own, bootstrap } = await subject.tokens()
    expect(await subject.call('GET', '/admin/realms/master', own)).toMatchObject([403, { error: 'HTTP 403 Forbidden' }])
    expect(await subject.call('GET', '/admin/realms/globex', own)).toEqual([404, { error: 'Realm not found.' }])
    expect(await subject.call('POST', '/admin/realms', own, { realm: 'mine' })).toMatchObject([403, {}])
    expect(await subject.call('GET', '/admin/realms/acme', 'no-token')).toEqual([
      401,
      { error: 'HTTP 401 Unauthorized' },
    ])
    expect(await subject.call('GET', '/admin/realms/acme/nonsense', own)).toEqual([
      404,
      { error: 'HTTP 404 Not Found' },
    ])
    expect(await subject.call('GET', '/admin/realms/acme', bootstrap)).toMatchObject([200, { realm: 'acme' }])
  })

  test('what our roles are not for is refused, and nobody gives away a role that it has not', async () => {
    const { own, bootstrap } = await subject.tokens()
    const acme = '/admin/realms/acme'
    expect(await subject.call('GET', `${acme}/events`, own)).toMatchObject([403, {}])
    const management = (await subject.admin.findClient('realm-management'))?.id ?? ''
    const [, roles] = await subject.call('GET', `${acme}/clients/${management}/roles`, bootstrap)
    const named = z.array(z.looseObject({ id: z.string(), name: z.string() })).parse(roles)
    const give = async (name: string) => {
      const user = (await subject.admin.findUser('tenant-admin'))?.id ?? ''
      const path = `${acme}/users/${user}/role-mappings/clients/${management}`
      return (
        await subject.call(
          'POST',
          path,
          own,
          named.filter((role) => role.name === name),
        )
      )[0]
    }
    expect([await give('realm-admin'), await give('view-events'), await give('view-users')]).toEqual([403, 403, 204])
  })

  test('grantManagement gives roles that at once open what they are for', async () => {
    const client = await subject.makeApplication('helper')
    const user = await subject.admin.serviceAccount(client.id)
    const path = '/admin/realms/acme/users'
    expect((await subject.call('GET', path, await subject.tokenOf('helper')))[0]).toBe(403)
    await subject.keycloak.restoreAccount('acme', secret, signal)
    await subject.admin.grantManagement(user.id, ['manage-users'])
    // Without full scope its token carries none of them.
    expect((await subject.call('GET', path, await subject.tokenOf('helper')))[0]).toBe(403)
    await subject.admin.updateClient(client.id, { fullScopeAllowed: true })
    expect((await subject.call('GET', path, await subject.tokenOf('helper')))[0]).toBe(200)
    expect((await subject.call('GET', '/admin/realms/acme/clients', await subject.tokenOf('helper')))[0]).toBe(403)
  })

  test('a user is found by the whole name, in whatever case', async () => {
    expect(await subject.admin.findUser('Tenant-Admin')).toMatchObject({
      ...{ username: 'tenant-admin', enabled: true, requiredActions: ['UPDATE_PASSWORD'] },
    })
    expect(await subject.admin.findUser('tenant')).toBeUndefined()
  })
}
