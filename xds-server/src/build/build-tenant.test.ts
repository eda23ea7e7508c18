import { tenantId } from '@bulkhead/tenancy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Built, Finding } from '../model/model.ts'
import { buildTenant } from './build-tenant.ts'
import {
  aPlan,
  aPolicy,
  aSubscription,
  aTenant,
  aTool,
  aToolSet,
  jwks,
  acmeId,
  acmeUid,
  anInput,
  settings,
} from './testing/fixtures.ts'
import type { TenantInput } from './input.ts'

const build = (fields: Partial<TenantInput>): Built => buildTenant(anInput(fields), settings)

function finding(built: Built, kind: Finding['ref']['kind'], name: string): Finding {
  const found = built.findings.find(({ ref }) => ref.kind === kind && ref.name === name)
  if (found === undefined) throw new Error(`No finding for ${kind} "${name}"`)
  return found
}

const reasonsOf = (built: Built, kind: Finding['ref']['kind'], name: string): readonly string[] =>
  finding(built, kind, name).problems.map(({ reason }) => reason)

describe('a tenant', () => {
  test('has granted hosts, limits and identity of its own incarnation', () => {
    const { model } = build({})
    expect(model).toMatchObject({
      name: 'acme',
      id: acmeId,
      namespace: 'tenant-acme',
      hosts: ['acme.gw.test'],
      isSuspended: false,
      identity: { audiences: [`urn:bulkhead:tenant:${acmeId}`], maxTokenLifetimeSeconds: 360, clientClaims: ['azp'] },
      limits: { guaranteed: 100, ceiling: 100 },
    })
  })

  test('without grants is off the data plane', () => {
    expect(build({ tenant: aTenant('acme', { status: { granted: undefined } }) }).model.hosts).toEqual([])
  })

  test('that is being deleted stays until the operator takes the grants back', () => {
    const deletionTimestamp = '2026-02-01T00:00:00Z'
    expect(build({ tenant: aTenant('acme', { deletionTimestamp }) }).model.hosts).toEqual(['acme.gw.test'])
    const confirmed = aTenant('acme', { deletionTimestamp, status: { granted: { hostnames: [] } } })
    expect(build({ tenant: confirmed }).model.hosts).toEqual([])
  })

  test('that is suspended says so', () => {
    expect(build({ tenant: aTenant('acme', { spec: { suspended: true } }) }).model.isSuspended).toBe(true)
  })

  test.each([
    ['no keys yet', { jwks: '' }],
    ['an empty key set, which Envoy would refuse', { jwks: '{"keys":[]}' }],
    ['keys that are no JSON', { jwks: '<html>' }],
    ['a key without kid, which would match any token', { jwks: '{"keys":[{"kty":"RSA"}]}' }],
    ['a key without a number', { jwks: '{"keys":[{"kty":"RSA","kid":"1"}]}' }],
    ['a key of few bits', { jwks: '{"keys":[{"kty":"RSA","kid":"1","n":"AQAB","e":"AQAB"}]}' }],
    ['a key of no known curve', { jwks: '{"keys":[{"kty":"EC","kid":"1","crv":"P-1","x":"AA","y":"AA"}]}' }],
    ['a point that is too short', { jwks: '{"keys":[{"kty":"EC","kid":"1","crv":"P-256","x":"AQAB","y":"AQAB"}]}' }],
    ['a point beside its curve', { jwks: jwks.replace('WI5a0', 'WI5a4') }],
    ['a symmetric key', { jwks: '{"keys":[{"kty":"oct","kid":"a"}]}' }],
    ["another incarnation's audience", { audience: `urn:bulkhead:tenant:${tenantId('other')}` }],
    ["another tenant's realm", { issuer: `https://idp.test/realms/globex-${tenantId('other')}` }],
  ])('has no identity with %s', (_title, change) => {
    const identity = { ...aTenant().status?.identity, ...change }
    expect(build({ tenant: aTenant('acme', { status: { identity } }) }).model.identity).toBeUndefined()
  })

  test('S-131 a namespace that the operator did not make for this incarnation counts for nothing', () => {
    const objects = { tools: [aTool('a')], toolSets: [aToolSet('api', ['a'])] }
    for (const status of [{ namespace: undefined }, { namespace: 'tenant-globex' }, { id: tenantId('older') }]) {
      expect(build({ tenant: aTenant('acme', { status }), ...objects }).model.routes).toEqual([])
    }
  })
})

describe('subscriptions and plans', () => {
  const api = { tools: [aTool('a')], toolSets: [aToolSet('api', ['a'])], plans: [aPlan('gold')] }

  test('an accepted one opens its tool set to the client that derives from its uid', () => {
    const subscriptions = [aSubscription('app', { expiresAt: '2027-01-01T00:00:00.900Z', suspended: true })]
    expect(build({ ...api, subscriptions }).model.subscriptions).toMatchObject([
      {
        clientId: 'sub-uid-app',
        toolSetUid: 'uid-api',
        planUid: 'uid-gold',
        expiresAtSeconds: Date.parse('2027-01-01T00:00:00Z') / 1000,
        isSuspended: true,
      },
    ])
  })

  const acceptedAt = (observedGeneration: number, status = 'True'): Record<string, unknown> => ({
    conditions: [{ type: 'Accepted', status, observedGeneration, reason: 'Accepted' }],
  })
  test('an edit leaves one its access, and suspends it at once', () => {
    const edited = (spec: object) =>
      build({ ...api, subscriptions: [aSubscription('app', { ...spec }, acceptedAt(0))] }).model.subscriptions
    expect(edited({})).toMatchObject([{ isSuspended: false }])
    expect(edited({ suspended: true })).toMatchObject([{ isSuspended: true }])
  })

  test.each([
    ["S-137 another tenant's tool set", { toolSetRef: { name: 'globex-api' } }, acceptedAt(1), 'ToolSetNotFound'],
    ['S-137 itself', { toolSetRef: { name: 'app' } }, acceptedAt(1), 'ToolSetNotFound'],
    ['S-137 a deleted plan', { planRef: { name: 'gone' } }, acceptedAt(1), 'PlanNotFound'],
    ['no decision yet', {}, {}, 'Waiting'],
    ['a refusal', {}, acceptedAt(1, 'False'), 'Waiting'],
    ['an older refusal', {}, acceptedAt(0, 'False'), 'Waiting'],
    ['an end that is no time', { expiresAt: 'soon' }, acceptedAt(1), 'InvalidSpec'],
  ])('%s gives no access', (_title, spec, status, reason) => {
    const built = build({ ...api, subscriptions: [aSubscription('app', spec, status)] })
    expect(built.model.subscriptions).toEqual([])
    expect(reasonsOf(built, 'Subscription', 'app')).toEqual([reason])
  })

  test('S-137 of two limits for one unit the smaller holds', () => {
    const limits = [
      { requests: 900, per: 'Minute' },
      { requests: 5, per: 'Second' },
    ]
    const plan = aPlan('gold', limits)
    plan.spec.limits.push({ requests: 60, per: 'Minute' })
    expect(build({ plans: [plan] }).model.plans[0]?.limits).toEqual([
      { requests: 5, per: 'Second' },
      { requests: 60, per: 'Minute' },
    ])
  })

  test('what nothing refers to says so', () => {
    const built = build({ tools: [aTool('alone')], plans: [aPlan('alone')] })
    expect(finding(built, 'Tool', 'alone').isReferenced).toBe(false)
    expect(finding(built, 'Plan', 'alone').isReferenced).toBe(false)
  })
})

describe('access policies', () => {
  const api = { tools: [aTool('a')], toolSets: [aToolSet('api', ['a'])] }
  const target = { kind: 'ToolSet', name: 'api' }

  test('on one target add up to one, whose rules are all of theirs', () => {
    const accessPolicies = [
      aPolicy('young', target, [{ roles: ['b'] }], { created: '2026-01-02T00:00:00Z' }),
      aPolicy('old', target, [{ roles: ['a'], methods: ['POST', 'GET'] }]),
    ]
    expect(build({ ...api, accessPolicies }).model.policies).toMatchObject([
      {
        ref: { name: 'old' },
        targetUid: 'uid-api',
        isBroken: false,
        rules: [
          { roles: ['a'], methods: ['GET', 'POST'] },
          { roles: ['b'], methods: [] },
        ],
      },
    ])
  })

  test('whose target is missing are not applied', () => {
    const built = build({ ...api, accessPolicies: [aPolicy('p', { kind: 'Tool', name: 'api' }, [])] })
    expect(built.model.policies).toEqual([])
    expect(reasonsOf(built, 'AccessPolicy', 'p')).toEqual(['TargetNotFound'])
  })
})

const fullInput = (): TenantInput =>
  anInput({
    tools: [
      aTool('a'),
      aTool('b'),
      aTool('c', { http: { path: '/a' } }, { created: '2026-01-03T00:00:00Z' }),
      aTool('d'),
    ],
    toolSets: [
      aToolSet('api', ['a', 'b', 'c']),
      aToolSet('twin', ['b', 'gone', 'd'], {}, { created: '2026-01-02T00:00:00Z' }),
    ],
    plans: [aPlan('gold', [{ requests: 1, per: 'Day' }]), aPlan('free')],
    subscriptions: [aSubscription('one'), aSubscription('two', { planRef: { name: 'free' } })],
    accessPolicies: [
      aPolicy('p', { kind: 'ToolSet', name: 'api' }, [{ roles: ['x'] }]),
      aPolicy('q', { kind: 'ToolSet', name: 'api' }, [{ roles: ['y'] }]),
      aPolicy('r', { kind: 'Tool', name: 'b' }, []),
    ],
  })

describe('whatever comes in', () => {
  test('the order of the objects changes nothing', () => {
    const input = fullInput()
    const wanted = buildTenant(input, settings)
    const shuffled = <T>(list: readonly T[]): fc.Arbitrary<T[]> =>
      fc.shuffledSubarray([...list], { minLength: list.length })
    fc.assert(
      fc.property(
        fc.record({
          tools: shuffled(input.tools),
          toolSets: shuffled(input.toolSets),
          plans: shuffled(input.plans),
          subscriptions: shuffled(input.subscriptions),
          accessPolicies: shuffled(input.accessPolicies),
        }),
        (lists) => {
          expect(buildTenant({ ...input, ...lists }, settings)).toEqual(wanted)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('S-118 objects of another namespace, of each kind, are as if they did not exist', () => {
    const input = fullInput()
    const foreign = { namespace: 'tenant-globex', uid: 'foreign' }
    const target = { kind: 'ToolSet', name: 'api' }
    const built = buildTenant(
      {
        ...input,
        tools: [...input.tools, aTool('gone', {}, foreign)],
        toolSets: [...input.toolSets, aToolSet('stolen', ['a'], { basePath: '/stolen' }, foreign)],
        plans: [...input.plans, aPlan('stolen', [], foreign)],
        subscriptions: [...input.subscriptions, aSubscription('stolen', {}, undefined, foreign)],
        accessPolicies: [...input.accessPolicies, aPolicy('stolen', target, [{}], foreign)],
        invalid: [{ kind: 'Tool', metadata: aTool('gone', {}, foreign).metadata, problem: 'x' }],
      },
      settings,
    )
    expect(built).toEqual(buildTenant(input, settings))
  })

  test('S-118 no field of any kind that names an object finds one that is only in another namespace', () => {
    const foreign = { namespace: 'tenant-globex' }
    const built = build({
      tools: [aTool('a', {}, foreign)],
      toolSets: [aToolSet('own', ['a']), aToolSet('api', ['a'], {}, foreign)],
      plans: [aPlan('gold', [], foreign)],
      subscriptions: [aSubscription('app')],
      accessPolicies: [
        aPolicy('p', { kind: 'ToolSet', name: 'api' }, [{}]),
        aPolicy('q', { kind: 'Tool', name: 'a' }, [{}]),
      ],
    })
    expect(reasonsOf(built, 'ToolSet', 'own')).toEqual(['ToolNotFound'])
    expect(reasonsOf(built, 'Subscription', 'app')).toEqual(['ToolSetNotFound', 'PlanNotFound'])
    expect(reasonsOf(built, 'AccessPolicy', 'p')).toEqual(['TargetNotFound'])
    expect(reasonsOf(built, 'AccessPolicy', 'q')).toEqual(['TargetNotFound'])
    expect(built.model).toMatchObject({ routes: [], subscriptions: [], policies: [] })
  })

  test('an object that is being deleted is as if it did not exist', () => {
    const deletionTimestamp = '2026-02-01T00:00:00Z'
    const built = build({
      tools: [aTool('a', {}, { deletionTimestamp })],
      toolSets: [aToolSet('api', ['a'])],
    })
    expect(built.model.routes).toEqual([])
    expect(built.findings.map(({ ref }) => ref.kind)).toEqual(['Tenant', 'ToolSet'])
  })

  test('a Tenant made again under the same name inherits nothing', () => {
    const again = aTenant('acme', { uid: 'another-uid', status: aTenant().status ?? {} })
    const built = build({ tenant: again, tools: [aTool('a')], toolSets: [aToolSet('api', ['a'])] })
    expect(built.model.id).not.toBe(tenantId(acmeUid))
    expect(built.model).toMatchObject({ routes: [], identity: undefined })
  })
})
