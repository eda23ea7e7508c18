import { Secret } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { operatorClient, operatorClientId } from '../../keycloak/operator-client.ts'
import { checkKeys } from '../../keys/jwks.ts'
import { firstAdmin, isOurs, newRealm, secret, signal } from './subject.ts'
import type { Subject } from './subject.ts'

/** A realm: made and found. */
export function realmTests(subject: Subject): void {
  test('a realm is what it was made of, and is known by its name alone', async () => {
    const wanted = {
      realm: 'acme',
      enabled: true,
      displayName: 'Acme',
      sslRequired: 'external',
      bruteForceProtected: true,
    }
    expect(await subject.keycloak.findRealm('acme', signal)).toMatchObject({ ...wanted, registrationAllowed: false })
    expect((await subject.admin.realm()).attributes).toMatchObject(isOurs)
    expect(await subject.keycloak.findRealm('globex', signal)).toBeUndefined()
  })

  test('a name that is taken is said to be, and the realm stays what it was', async () => {
    expect(await subject.keycloak.createRealm('acme', { enabled: true, displayName: 'Mine' }, signal)).toBe('taken')
    expect(await subject.keycloak.findRealm('acme', signal)).toMatchObject({ displayName: 'Acme' })
  })

  test('a representation that Keycloak cannot read makes no realm', async () => {
    await expect(subject.keycloak.createRealm('odd', { nonsense: true }, signal)).rejects.toThrow(
      'Cannot create realm "odd": Keycloak answered 400',
    )
    const two = [{ username: 'same' }, { username: 'same' }]
    // A conflict inside of it is no realm of that name.
    await expect(subject.keycloak.createRealm('odd', { users: two }, signal)).rejects.toThrow('answered 409')
    const weak = { passwordPolicy: 'length(40)', users: [firstAdmin] }
    await expect(subject.keycloak.createRealm('odd', weak, signal)).rejects.toThrow('Password policy not met')
    expect(await subject.keycloak.findRealm('odd', signal)).toBeUndefined()
  })

  test('the bootstrap account is let in with its secret only', async () => {
    await expect(subject.connect('wrong').findRealm('acme', signal)).rejects.toThrow('401 unauthorized_client')
  })

  test.each([
    ['a realm that is not there', 'globex', secret],
    ['a secret that is wrong', 'acme', new Secret('wrong')],
  ])('%s is closed', async (_title, realm, by) => {
    expect(await subject.isOpen(realm, by)).toBe(false)
  })

  test('identity providers and the actions of a login are kept, and secrets are not shown again', async () => {
    const { bootstrap } = await subject.tokens()
    const at = '/admin/realms/acme/identity-provider/instances'
    const urls = { authorizationUrl: 'https://idp.test/a', tokenUrl: 'https://idp.test/t' }
    const provider = { alias: 'corp', providerId: 'oidc', config: { clientId: 'a', clientSecret: 'b', ...urls } }
    expect((await subject.call('POST', at, bootstrap, provider))[0]).toBe(201)
    expect(await subject.call('POST', at, bootstrap, provider)).toMatchObject([409, {}])
    expect(await subject.call('GET', `${at}/corp`, bootstrap)).toMatchObject([
      200,
      { config: { clientSecret: '**********' } },
    ])
    expect((await subject.call('DELETE', `${at}/corp`, bootstrap))[0]).toBe(204)
    expect((await subject.call('GET', `${at}/corp`, bootstrap))[0]).toBe(404)
    const actions = '/admin/realms/acme/authentication/required-actions'
    const totp = { alias: 'CONFIGURE_TOTP', name: 'Configure OTP', providerId: 'CONFIGURE_TOTP', enabled: true }
    expect(
      (await subject.call('PUT', `${actions}/CONFIGURE_TOTP`, bootstrap, { ...totp, defaultAction: true }))[0],
    ).toBe(204)
    await subject.call('POST', '/admin/realms/acme/users', bootstrap, { username: 'bob', enabled: true })
    expect(await subject.admin.findUser('bob')).toMatchObject({ requiredActions: ['CONFIGURE_TOTP'] })
  })
}

/** A realm: changed, shut and gone. */
export function realmChangeTests(subject: Subject): void {
  test('a change of some settings leaves the others, and one of the attributes is all of them', async () => {
    await subject.admin.updateRealm({ accessTokenLifespan: 600, sslRequired: 'NONE' })
    const changed = { accessTokenLifespan: 600, sslRequired: 'none', displayName: 'Acme', bruteForceProtected: true }
    expect(await subject.admin.realm()).toMatchObject({ ...changed, attributes: isOurs })
    await subject.admin.updateRealm({ attributes: { other: 'yes' } })
    const { attributes } = await subject.admin.realm()
    expect(attributes).toMatchObject({ other: 'yes', cibaInterval: '5' })
    expect(attributes).not.toHaveProperty('bulkhead.dev/tenant-uid')
    await subject.admin.updateRealm({ attributes: isOurs, accessTokenLifespan: 300, sslRequired: 'external' })
    await expect(subject.admin.updateRealm({ nonsense: true })).rejects.toThrow(
      'answered 400 Invalid json representation',
    )
  })

  test('a disabled realm gives no token and shows its keys, until it is enabled', async () => {
    expect(await subject.keycloak.createRealm('doors', newRealm, signal)).toBe('created')
    const old = await subject.enter('doors')
    await subject.keycloak.setEnabled('doors', false, signal)
    expect(await subject.isOpen('doors')).toBe(false)
    expect(await subject.askFor(operatorClientId, secret.reveal(), 'doors')).toMatchObject({
      status: 403,
      error: 'access_denied',
    })
    // A token from before still opens it.
    expect(await old.realm()).toMatchObject({ enabled: false })
    expect(checkKeys(await subject.keycloak.publishedKeys('doors', signal)).ok).toBe(true)
    await subject.keycloak.setEnabled('doors', true, signal)
    expect(await subject.isOpen('doors')).toBe(true)
  })

  test('a realm that was deleted is gone, and deleting it again is as good', async () => {
    expect(await subject.keycloak.createRealm('short', newRealm, signal)).toBe('created')
    const old = await subject.enter('short')
    await subject.keycloak.deleteRealm('short', signal)
    expect(await subject.keycloak.findRealm('short', signal)).toBeUndefined()
    expect(await subject.isOpen('short')).toBe(false)
    await expect(old.realm()).rejects.toThrow('404 Realm does not exist')
    await subject.keycloak.deleteRealm('short', signal)
    await expect(subject.keycloak.setEnabled('short', true, signal)).rejects.toThrow('404 Realm not found.')
    await expect(subject.keycloak.publishedKeys('short', signal)).rejects.toThrow('404 Realm does not exist')
  })
}

/** What a whole representation says of what every realm has. */
export function realmImportTests(subject: Subject): void {
  test('a client that every realm has is what the representation says of it', async () => {
    const shut = { clientId: 'admin-cli', enabled: false, publicClient: true, directAccessGrantsEnabled: false }
    const clients = [operatorClient(secret), shut]
    expect(await subject.keycloak.createRealm('named', { ...newRealm, clients }, signal)).toBe('created')
    expect(await (await subject.enter('named')).findClient('admin-cli')).toMatchObject(shut)
  })
}
