import { describe, expect, test } from 'vitest'
import type { IdentityModel } from '../model/model.ts'
import { buildTenant } from './build-tenant.ts'
import { aPlan, aSubscription, aTenant, aTool, aToolSet, anInput, jwks, settings } from './testing/fixtures.ts'

const external = { issuer: 'https://idp.acme.example', audiences: ['orders'], jwksURI: 'https://idp.acme.example/keys' }
const granted = { issuer: external.issuer, audiences: external.audiences, jwks }

const tenantWith = (spec: object = {}, identity: object = granted, status: object = {}) =>
  aTenant('acme', {
    spec: { identity: { type: 'External', external: { ...external, ...spec } } },
    status: { identity, ...status },
  })

const identityOf = (...fields: Parameters<typeof tenantWith>): IdentityModel | undefined =>
  buildTenant(anInput({ tenant: tenantWith(...fields) }), settings).model.identity

describe('an issuer of the tenant', () => {
  test('is what the operator granted', () => {
    expect(identityOf()).toEqual({
      ...{ issuer: external.issuer, audiences: ['orders'], jwks },
      ...{ clientClaims: ['azp', 'client_id'], maxTokenLifetimeSeconds: 7260, rolesPath: ['realm_access', 'roles'] },
    })
  })

  test('that the operator did not grant yet changes nothing', () => {
    expect(identityOf({ issuer: 'https://idp.globex.example' })?.issuer).toBe(external.issuer)
    expect(identityOf({ audiences: ['everything'] })?.audiences).toEqual(['orders'])
  })

  test('may name its client and its roles by claims of its own, and its lifetime', () => {
    expect(identityOf({ clientClaim: 'cid', rolesClaim: 'groups', maxTokenLifetime: '24h' })).toMatchObject({
      ...{ clientClaims: ['cid'], rolesPath: ['groups'], maxTokenLifetimeSeconds: 86_460 },
    })
  })

  test.each([
    ['no word of the operator', [{}, {}]],
    ['keys alone', [{}, { jwks }]],
    ['no audience', [{}, { ...granted, audiences: [] }]],
    ['an issuer that is no address', [{}, { ...granted, issuer: 'acme' }]],
    ['keys that are none', [{}, { ...granted, jwks: '{"keys":[]}' }]],
    ['the realm of another kind of identity', [{}, { ...granted, realm: 'acme-x' }]],
    ['the status of another incarnation', [{}, granted, { id: 'aaaaaaaaaaaaa' }]],
  ] as const)('%s is none', (_title, fields) => {
    expect(identityOf(...fields)).toBeUndefined()
  })
})

describe('clients of an issuer of the tenant', () => {
  const api = { tools: [aTool('a')], toolSets: [aToolSet('api', ['a'])], plans: [aPlan('gold')], tenant: tenantWith() }
  const credentials = (clientID?: string) => ({ credentials: { type: 'OAuth2', secretName: 'app', clientID } })
  const modelsOf = (subscriptions: readonly ReturnType<typeof aSubscription>[], input = {}) =>
    buildTenant(anInput({ ...api, subscriptions, ...input }), settings)
  const reasonsOf = (built: ReturnType<typeof buildTenant>, name: string) =>
    built.findings.find(({ ref }) => ref.name === name)?.problems.map(({ reason }) => reason)

  test('are named by their subscription', () => {
    const { model } = modelsOf([aSubscription('app', credentials('portal'))])
    expect(model.subscriptions).toMatchObject([{ clientId: 'portal', toolSetUid: 'uid-api', isSuspended: false }])
  })

  test('are of the oldest subscription that names them', () => {
    const older = aSubscription('b-older', credentials('portal'), undefined, { created: '2025-01-01T00:00:00Z' })
    const built = modelsOf([aSubscription('app', credentials('portal')), older])
    expect(built.model.subscriptions).toMatchObject([{ clientId: 'portal', ref: { name: 'b-older' } }])
    expect([reasonsOf(built, 'app'), reasonsOf(built, 'b-older')]).toEqual([['Conflict'], []])
  })

  test('are cut off, not forgotten, when their subscription is refused', () => {
    const refused = aSubscription('app', credentials('portal'), { conditions: [] })
    expect(modelsOf([refused]).model.subscriptions).toMatchObject([
      { clientId: 'portal', toolSetUid: '', planUid: '', isSuspended: true },
    ])
  })

  test('must be named there, and never in a realm', () => {
    const nameless = modelsOf([aSubscription('app', credentials())])
    expect([nameless.model.subscriptions, reasonsOf(nameless, 'app')]).toEqual([[], ['InvalidSpec']])
    const stolen = modelsOf([aSubscription('app', credentials('sub-uid-other'))], { tenant: aTenant() })
    expect([stolen.model.subscriptions, reasonsOf(stolen, 'app')]).toEqual([[], ['InvalidSpec']])
  })
})
