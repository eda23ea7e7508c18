import { expect, test } from 'vitest'
import { buildStatus } from '../../../tenant/status.ts'
import { plan } from '../../../tenant/plan.ts'
import type { Observed } from '../../../tenant/observed.ts'
import { allAsWanted, grantsOf, seen } from '../../../testing/observations.ts'
import { now, sampleTenant, sampleWanted, settings } from '../../../testing/samples.ts'
import type { SeenKeys } from './keeper.ts'
import { wantExternal } from './wanted.ts'

const spec = { issuer: 'https://idp.acme.example', audiences: ['b', 'a'], jwksURI: 'https://idp.acme.example/keys' }
const identity = { issuer: spec.issuer, audiences: ['a', 'b'], jwks: 'known' }
const tenantWith = (change: object = {}, status?: object) =>
  sampleTenant({
    spec: { identity: { type: 'External', external: { ...spec, ...change } } },
    ...(status && { status }),
  })
const fresh: SeenKeys = { jwks: 'known', freshness: 'fresh', problem: undefined, failingSinceMs: undefined }
const away = { kind: 'unavailable', error: new Error('x') } as const

function look(
  keys: Partial<SeenKeys>,
  { tenant = tenantWith(), ...observed }: Partial<Observed> & { tenant?: ReturnType<typeof tenantWith> } = {},
) {
  const wanted = sampleWanted(tenant)
  const realm = { kind: 'external', keys: { ...fresh, ...keys } } as const
  const all: Observed = {
    ...allAsWanted(wanted),
    identity: seen({ secret: { kind: 'absent' }, realm, keys: undefined }),
    ...observed,
  }
  const result = buildStatus({ tenant, wanted, observed: all, faults: new Map(), refused: [], now })
  const conditions = (result.status.conditions ?? []).map(({ type, status, reason }) => [type, `${status}/${reason}`])
  return { ...result, reasons: Object.fromEntries(conditions) as Record<string, string>, steps: plan(wanted, all) }
}

const problemsOf = (change: object) =>
  (wantExternal(tenantWith(change), settings)?.problems ?? []).map(({ reason, field }) => `${reason} ${field}`)

test('a tenant with a realm has no issuer of its own', () => {
  expect(wantExternal(sampleTenant(), settings)).toBeUndefined()
  expect(sampleWanted().grants.claim.issuer).toBeUndefined()
})

test.each([
  ['https://idp.acme.example', 'https://idp.acme.example'],
  ['https://idp.acme.example/', 'https://idp.acme.example'],
  ['https://idp.acme.example/tenants/acme/v2.0', 'https://idp.acme.example/tenants/acme/v2.0'],
  ['https://idp.acme.example:8443/a/', 'https://idp.acme.example:8443/a'],
])('%s is asked for as %s', (issuer, claim) => {
  expect(problemsOf({ issuer })).toEqual([])
  expect(sampleWanted(tenantWith({ issuer })).grants.claim.issuer).toBe(claim)
})

test.each([
  'https://IDP.acme.example',
  'https://idp.acme.example:443',
  'https://idp.acme.example/a/../b',
  'https://idp.acme.example/%61/é',
  'https://ıdp.example',
  'https://2130706433',
])('%s is not the normal form of an issuer', (issuer) => {
  expect(problemsOf({ issuer })).toEqual(['IssuerInvalid spec.identity.external.issuer'])
})

test.each(['https://id.test', 'https://id.test/realms/globex-aaaaaaaaaaaaa', 'https://id.test/other'])(
  'our own issuer %s is granted to nobody',
  (issuer) => expect(problemsOf({ issuer })).toEqual(['IssuerNotGranted spec.identity.external.issuer']),
)

test('an audience of a realm of ours is for nobody else', () => {
  const audiences = ['orders', 'urn:bulkhead:tenant:aaaaaaaaaaaaa']
  expect(problemsOf({ audiences })).toEqual(['IssuerInvalid spec.identity.external.audiences'])
})

test('an issuer that is granted and whose keys are known needs no step', () => {
  const { steps, status, reasons } = look({})
  expect(steps).toEqual([])
  expect(status.identity).toEqual(identity)
  expect(reasons).toMatchObject({ IdentityReady: 'True/IdentityReady', Ready: 'False/NotProgrammed' })
  expect(Object.keys(reasons)).not.toContain('JwksStale')
})

test('no keys yet is no mistake: they are being fetched', () => {
  const { status, reasons } = look({ jwks: undefined })
  expect(status.identity).toEqual({ issuer: spec.issuer, audiences: ['a', 'b'] })
  expect(reasons).toMatchObject({ IdentityReady: 'False/Progressing', Reconciling: 'True/Progressing' })
})

test.each([
  ['unavailable', 'False/JwksUnavailable', 'Reconciling'],
  ['invalid', 'False/JwksInvalid', 'Stalled'],
  ['forbidden', 'False/IssuerInvalid', 'Stalled'],
] as const)('keys that were never there and are %s', (kind, expected, also) => {
  const { reasons } = look({ jwks: undefined, problem: { kind, message: 'Cannot' } })
  expect(reasons['IdentityReady']).toBe(expected)
  expect(Object.keys(reasons)).toContain(also)
})

test('F-46 an issuer that is away leaves everything as it was', () => {
  const { status, reasons } = look({ problem: { kind: 'unavailable', message: 'Cannot' } })
  expect([status.identity, reasons['IdentityReady']]).toEqual([identity, 'True/IdentityReady'])
})

test('F-46 keys that are old are told of, and in the end withdrawn', () => {
  const since = Date.parse('2026-10-30T12:00:00Z')
  const stale = look({ freshness: 'stale', failingSinceMs: since, problem: { kind: 'unavailable', message: 'Cannot' } })
  expect(stale.reasons).toMatchObject({ IdentityReady: 'True/IdentityReady', JwksStale: 'True/JwksStale' })
  expect(stale.status.identity).toEqual({ ...identity, jwksFailingSince: '2026-10-30T12:00:00Z' })
  const gone = look({ freshness: 'withdrawn', jwks: undefined, failingSinceMs: since })
  expect(gone.reasons).toMatchObject({ IdentityReady: 'False/JwksWithdrawn', Stalled: 'True/JwksWithdrawn' })
  expect(gone.status.identity?.jwks).toBeUndefined()
})

test('S-130 keys that cannot be used are told of, and the last good ones stay', () => {
  const { status, reasons } = look({ problem: { kind: 'invalid', message: 'Cannot use' } })
  expect([status.identity, reasons['IdentityReady']]).toEqual([identity, 'False/JwksInvalid'])
})

const refused = (granted?: string) => {
  const wanted = sampleWanted(tenantWith())
  return seen({ ...grantsOf(wanted), issuer: { granted, isRefused: true, take: false, release: [] } })
}

test("another tenant's issuer is refused in words that do not tell whose it is", () => {
  const { status, reasons } = look({}, { grants: refused() })
  expect(status.identity).toBeUndefined()
  expect(reasons).toMatchObject({ IdentityReady: 'False/IssuerNotGranted', Stalled: 'True/IssuerNotGranted' })
})

test('an issuer that is refused leaves the one that is granted', () => {
  const old = { issuer: 'https://old.example/', audiences: ['a'], jwks: 'old' }
  const tenant = tenantWith({}, { identity: old })
  expect(look({}, { tenant, grants: refused('https://old.example') }).status.identity).toEqual(old)
  expect(look({}, { tenant, grants: refused('https://other.example') }).status.identity).toBeUndefined()
})

test('a mistake in the spec leaves the issuer that is granted, and asks for it again', () => {
  const tenant = tenantWith({ issuer: 'https://id.test/realms/x' }, { identity })
  expect(sampleWanted(tenant).grants.claim.issuer).toBe(spec.issuer)
  const { status, reasons } = look({}, { tenant })
  expect([status.identity, reasons['IdentityReady']]).toEqual([identity, 'False/IssuerNotGranted'])
})

test('what nobody could look at takes nothing away', () => {
  const tenant = tenantWith({}, { identity })
  expect(look({}, { tenant, grants: away }).status.identity).toEqual(identity)
  expect(look({}, { tenant, identity: away }).status.identity).toEqual(identity)
})

test('the keys of another issuer are never said to be of this one', () => {
  const tenant = tenantWith({}, { identity: { ...identity, issuer: 'https://old.example' } })
  const wanted = wantExternal(tenant, settings)
  expect(wanted?.remembered).toEqual({})
  expect(look({ jwks: undefined }, { tenant }).status.identity).toEqual({ issuer: spec.issuer, audiences: ['a', 'b'] })
})

test('a new process remembers the keys and since when they fail', () => {
  const tenant = tenantWith({}, { identity: { ...identity, jwksFailingSince: '2026-10-30T12:00:00Z' } })
  expect(wantExternal(tenant, settings)?.remembered).toEqual({
    ...{ jwks: 'known', failingSinceMs: Date.parse('2026-10-30T12:00:00Z') },
  })
})
