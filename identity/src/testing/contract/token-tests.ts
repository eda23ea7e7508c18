import { createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { operatorClientId } from '../../keycloak/operator-client.ts'
import { checkKeys } from '../../keys/jwks.ts'
import { decode, jwtPart, secret, signal } from './subject.ts'
import type { Subject } from './subject.ts'

/** Tokens, and the keys that sign them. */
export function tokenTests(subject: Subject): void {
  test('a token holds the roles that its account has and its scope lets through', async () => {
    await subject.admin.createRole('writer')
    const client = await subject.makeApplication('roles')
    const user = await subject.admin.serviceAccount(client.id)
    expect(user).toMatchObject({ username: 'service-account-roles', enabled: true })
    const role = await subject.admin.findRole('writer')
    const roles = role === undefined ? [] : [role]
    const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).toSorted()
    expect(names(await subject.admin.rolesOfUser(user.id))).toEqual(['default-roles-acme'])
    await subject.admin.addRolesToUser(user.id, roles)
    await subject.admin.addRolesToUser(user.id, roles)
    expect(names(await subject.admin.rolesOfUser(user.id))).toEqual(['default-roles-acme', 'writer'])
    expect(await subject.claimsOf('roles'), 'it is not in scope').not.toHaveProperty('realm_access')
    await subject.admin.addRolesToScope(client.id, roles)
    expect(names(await subject.admin.rolesInScope(client.id))).toEqual(['writer'])
    expect(await subject.claimsOf('roles')).toMatchObject({ realm_access: { roles: ['writer'] } })
    await subject.admin.removeRolesFromScope(client.id, roles)
    await subject.admin.removeRolesFromUser(user.id, roles)
    expect(await subject.admin.rolesInScope(client.id)).toEqual([])
    expect(names(await subject.admin.rolesOfUser(user.id))).toEqual(['default-roles-acme'])
    const none = [{ id: 'nope', name: 'nope' }]
    await expect(subject.admin.addRolesToUser(user.id, none)).rejects.toThrow('404 Role not found')
  })

  test.each<[string, Readonly<Record<string, string>>, number, string]>([
    ['an unknown client', { client_id: 'nobody', client_secret: 'x' }, 401, 'invalid_client'],
    ['a wrong secret', { client_id: operatorClientId, client_secret: 'x' }, 401, 'unauthorized_client'],
    ['a public client', { client_id: 'admin-cli' }, 401, 'unauthorized_client'],
    ['a password', { grant_type: 'password', client_id: operatorClientId }, 400, 'unauthorized_client'],
    ['a grant that is none', { grant_type: 'nonsense', client_id: operatorClientId }, 400, 'unsupported_grant_type'],
    ['a scope that is none', { client_id: operatorClientId, scope: 'none' }, 400, 'invalid_scope'],
  ])('no token comes of %s', async (_title, form, status, error) => {
    const full = { grant_type: 'client_credentials', client_secret: secret.reveal(), ...form }
    expect(await subject.ask('acme', full)).toMatchObject({ status, error })
  })

  test("a mapper of a client's own speaks in its tokens until the client is put right", async () => {
    const client = await subject.makeApplication('forger')
    const path = `/admin/realms/acme/clients/${client.id}/protocol-mappers/models`
    const mapper = { name: 'forged', protocol: 'openid-connect', protocolMapper: 'oidc-hardcoded-claim-mapper' }
    const config = { 'claim.name': 'forged', 'claim.value': 'yes', 'access.token.claim': 'true' }
    expect((await subject.call('POST', path, (await subject.tokens()).own, { ...mapper, config }))[0]).toBe(201)
    expect(await subject.claimsOf('forger')).toMatchObject({ forged: 'yes' })
    expect((await subject.admin.findClient('forger'))?.protocolMappers).toHaveLength(1)
    await subject.admin.updateClient(client.id, { protocolMappers: [] })
    expect(await subject.claimsOf('forger')).not.toHaveProperty('forged')
  })
}

/** What stands in a token, and which key signs it. */
export function signatureTests(subject: Subject): void {
  test('a token names its realm and client, lives as long as the realm says, and is signed by a published key', async () => {
    await subject.makeApplication('signed')
    const token = await subject.tokenOf('signed')
    const [head = '', body = '', signature = ''] = token.split('.')
    const claims = decode(body)
    expect(claims).toMatchObject({
      iss: `${subject.server.url}/realms/acme`,
      azp: 'signed',
      typ: 'Bearer',
      client_id: 'signed',
    })
    expect(claims).toHaveProperty('sub')
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(300)
    const published = checkKeys(await subject.keycloak.publishedKeys('acme', signal))
    const keys = z.object({ keys: z.array(jwtPart) }).parse(JSON.parse(published.ok ? published.jwks : '{}')).keys
    const key = keys.find((one) => one['kid'] === decode(head)['kid'])
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' })
    expect(verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  test('a key that comes with a higher priority signs, and the old one stays published until it is taken away', async () => {
    const { own } = await subject.tokens()
    const kid = async () => decode((await subject.tokenOf('signed')).split('.')[0] ?? '')['kid']
    const kids = async () => {
      const published = checkKeys(await subject.keycloak.publishedKeys('acme', signal))
      return published.ok ? published.jwks : published.problem
    }
    const old = await kid()
    const fields = { name: 'next', providerId: 'rsa-generated', providerType: 'org.keycloak.keys.KeyProvider' }
    const made = await subject.call('POST', '/admin/realms/acme/components', own, {
      ...fields,
      config: { priority: ['50'] },
    })
    expect(made[0]).toBe(201)
    expect(await kid()).toBe(old)
    const [, found] = await subject.call('GET', `/admin/realms/acme/components?type=${fields.providerType}`, own)
    const next = z
      .array(z.looseObject({ id: z.string(), name: z.string() }))
      .parse(found)
      .find((one) => one.name === 'next')
    const raised = { ...next, config: { priority: ['200'] } }
    await subject.call('PUT', `/admin/realms/acme/components/${next?.id}`, own, raised)
    const fresh = String(await kid())
    expect(fresh).not.toBe(old)
    expect(await kids()).toContain(fresh)
    expect(await kids()).toContain(String(old))
    await subject.call('DELETE', `/admin/realms/acme/components/${next?.id}`, own)
    expect(await kid()).toBe(old)
    expect(await kids()).not.toContain(fresh)
  })
}
