import { parserOf, plan as planSchema, toolSet as toolSetSchema } from '@bulkhead/crds'
import { kstatus } from '@bulkhead/crds/testing'
import type { Kstatus } from '@bulkhead/crds/testing'
import { KubeFault, Secret, TransportFault } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { clientRepresentation } from '@bulkhead/identity'
import { now, parsed, sampleSubscription, sampleTenant } from '../testing/samples.ts'
import { clientFields, clientScopes } from './client-fields.ts'
import type { Observed } from './observed.ts'
import { plan } from './plan.ts'
import { credentialsSecret, seeSecret } from './secret.ts'
import { buildStatus } from './status.ts'
import type { StatusInput } from './status.ts'
import { planGives, tenantGives, toolSetGives, wantSubscription } from './wanted.ts'
import type { Wanted } from './wanted.ts'

const metadata = { uid: 'x', resourceVersion: '1', generation: 1, creationTimestamp: now, namespace: 'tenant-acme' }
const issuer = 'https://id.test/realms/acme-x'
const around = {
  tenant: sampleTenant({ status: { namespace: 'tenant-acme', identity: { issuer } } }),
  toolSet: parsed(
    parserOf(toolSetSchema)({
      metadata: { ...metadata, name: 'orders' },
      spec: { hostname: 'API.acme.example', basePath: '/v1', tools: ['list'] },
    }),
  ),
  plan: parsed(
    parserOf(planSchema)({ metadata: { ...metadata, name: 'gold' }, spec: { roles: ['writer', 'reader'] } }),
  ),
  nowMs: Date.parse(now),
}

function want(spec: object = {}, changes: Partial<typeof around> | object = {}): Wanted {
  const wanted = wantSubscription(sampleSubscription({ spec }), { ...around, ...changes })
  if (wanted === undefined) throw new Error('no realm')
  return wanted
}

const wanted = want()

test.each([
  ['foreign', { namespace: undefined, identity: { issuer } }],
  ['without a realm', { namespace: 'tenant-acme' }],
])('nothing is wanted in a namespace that is %s', (_title, status) => {
  expect(wantSubscription(sampleSubscription(), { ...around, tenant: sampleTenant({ status }) })).toBeUndefined()
})

function ownClient(of: Wanted, changes: object = {}): Observed['client'] {
  const scopes = { defaultClientScopes: clientScopes, optionalClientScopes: [] }
  const fields = clientFields(of, of.isEnabled)
  const client = clientRepresentation.parse({ id: 'c', ...fields, ...scopes, ...changes })
  return {
    kind: 'own',
    client,
    secret: new Secret('s'),
    accountRoles: ['reader', 'writer'],
    scopeRoles: ['reader', 'writer'],
  }
}

const whole: Observed = { isRealmOpen: true, client: ownClient(wanted), secret: { kind: 'as-wanted' } }
const kindsOf = (observed: Partial<Observed>, of = wanted) =>
  plan(of, { ...whole, ...observed }).map((step) => step.kind)

test.each<readonly [string, Partial<Observed>, readonly string[]]>([
  ['a subscription as wanted needs nothing', {}, []],
  ['a missing client is made', { client: { kind: 'absent' } }, ['create-client']],
  ['S-175 a foreign client is left alone', { client: { kind: 'foreign' } }, []],
  ['a foreign Secret is left alone', { secret: { kind: 'foreign' } }, []],
  ['a Secret that was deleted is made again', { secret: { kind: 'absent' } }, ['create-secret']],
  [
    'a Secret that was changed is put back',
    { secret: { kind: 'drifted', mend: { kind: 'mend', uid: 'x' } } },
    ['mend-secret'],
  ],
  ['a client with another name gets its own back', { client: ownClient(wanted, { name: 'x' }) }, ['update-client']],
  [
    'S-176 a client with full scope is put back',
    { client: ownClient(wanted, { fullScopeAllowed: true }) },
    ['update-client'],
  ],
  [
    'S-176 a client with password grants is put back',
    { client: ownClient(wanted, { directAccessGrantsEnabled: true }) },
    ['update-client'],
  ],
  [
    'S-176 a scope too many is taken away',
    { client: ownClient(wanted, { defaultClientScopes: [...clientScopes, 'email'] }) },
    ['set-scopes'],
  ],
  ['nothing is done in a realm that is shut', { isRealmOpen: false, client: { kind: 'absent' } }, []],
])('%s', (_title, observed, steps) => {
  expect(kindsOf(observed)).toEqual(steps)
})

test('a role too many is taken away before the client is enabled', () => {
  const client = ownClient(wanted, { enabled: false })
  const more = client.kind === 'own' ? { ...client, accountRoles: ['reader', 'writer', 'admin'] } : client
  expect(kindsOf({ client: more })).toEqual(['set-roles', 'update-client'])
})

test.each([
  ['suspended', { suspended: true }, {}, 'Suspended'],
  ['expired', { expiresAt: now }, {}, 'Expired'],
  ['without its tool set', {}, { toolSet: undefined }, 'ToolSetNotFound'],
  ['without its plan', {}, { plan: undefined }, 'PlanNotFound'],
  ['with an end that is no time', { expiresAt: 'soon' }, {}, 'InvalidSpec'],
])('a subscription that is %s is refused, its client disabled and none made', (_title, spec, changes, reason) => {
  const refused = want(spec, changes)
  expect(refused.verdict).toMatchObject({ kind: 'refused', problem: { reason } })
  expect(kindsOf({ client: { kind: 'absent' } }, refused)).toEqual([])
  expect(kindsOf({ client: ownClient(wanted) }, refused)).toEqual(['update-client'])
  const subscription = sampleSubscription({ spec })
  const status = buildStatus({ subscription, wanted: refused, observed: { ...whole, client: ownClient(refused) }, now })
  const message = expect.stringMatching(/^spec\./) as string
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: 'Accepted', status: 'False', reason, message }),
  )
  expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'False', reason }))
})

test('a subscription is Ready when it is accepted, has credentials and is programmed at this generation', () => {
  const conditions = [{ type: 'Programmed', status: 'True', observedGeneration: 3 }]
  const readyOf = (generation: number) => {
    const subscription = sampleSubscription({ metadata: { generation }, status: { conditions } })
    const status = buildStatus({ subscription, wanted, observed: whole, now })
    return status.conditions?.find((entry) => entry.type === 'Ready')?.status
  }
  expect([readyOf(3), readyOf(4)]).toEqual(['True', 'False'])
})

const conditionOf = (input: Partial<StatusInput>, type = 'CredentialsReady') => {
  const status = buildStatus({ subscription: sampleSubscription(), wanted, observed: whole, now, ...input })
  const found = status.conditions?.find((entry) => entry.type === type)
  return `${found?.status ?? ''}/${found?.reason ?? ''}`
}
const standing = sampleSubscription({
  status: { conditions: [{ type: 'CredentialsReady', status: 'True', observedGeneration: 2 }] },
})
const quotaFull = new KubeFault('POST', { status: 403, reason: 'Forbidden', detail: 'exceeded quota: q, used: x' })
const keycloakAway = new Error('connect ECONNREFUSED')

test.each<readonly [string, Partial<StatusInput>, string]>([
  ['before the first look', {}, 'False/Progressing'],
  ['with Keycloak away', { fault: keycloakAway }, 'False/IdentityProviderUnavailable'],
  ['with a full quota', { fault: quotaFull }, 'False/QuotaExceeded'],
  [
    'with a full quota, and all but the Secret there',
    { fault: quotaFull, observed: { ...whole, secret: { kind: 'absent' } } },
    'False/QuotaExceeded',
  ],
  ['with the API server away', { fault: new TransportFault('timeout', 'no answer') }, 'False/KubernetesUnavailable'],
  ['that stood, with Keycloak away', { fault: keycloakAway, subscription: standing }, 'True/CredentialsReady'],
  ['that stood, at a new generation', { subscription: standing }, 'True/CredentialsReady'],
  [
    'that stood, once the subscription is suspended',
    { subscription: standing, wanted: want({ suspended: true }) },
    'False/Progressing',
  ],
])('credentials that nobody looked at, %s', (_title, input, condition) => {
  expect(conditionOf({ observed: undefined, ...input })).toBe(condition)
  const accepted = input.wanted === undefined ? 'True/Accepted' : 'False/Suspended'
  expect(conditionOf({ observed: undefined, ...input }, 'Accepted')).toBe(accepted)
})

const programmed = { type: 'Programmed', status: 'True', observedGeneration: 3 }
const shut = want({ suspended: true })

test.each<readonly [string, Partial<StatusInput>, Kstatus, readonly string[]]>([
  ['works is Current', { subscription: sampleSubscription({ status: { conditions: [programmed] } }) }, 'Current', []],
  ['the data plane does not know is InProgress', {}, 'InProgress', ['Reconciling']],
  ['has no realm yet is InProgress', { wanted: undefined, observed: undefined }, 'InProgress', ['Reconciling']],
  ['waits for Keycloak is InProgress', { observed: undefined, fault: keycloakAway }, 'InProgress', ['Reconciling']],
  [
    'names no tool set, and nobody looked at its client, is InProgress',
    { wanted: want({}, { toolSet: undefined }), observed: undefined },
    'InProgress',
    ['Reconciling'],
  ],
  [
    'names no tool set, its client seen disabled, is Failed',
    { wanted: want({}, { toolSet: undefined }), observed: { ...whole, client: { kind: 'absent' } } },
    'Failed',
    ['Stalled'],
  ],
  ['meets a foreign Secret is Failed', { observed: { ...whole, secret: { kind: 'foreign' } } }, 'Failed', ['Stalled']],
  ['meets a full quota is Failed', { observed: undefined, fault: quotaFull }, 'Failed', ['Stalled']],
  ['is being suspended is InProgress', { wanted: shut, observed: undefined }, 'InProgress', ['Reconciling']],
  [
    'is suspended rests, which is InProgress to it',
    { wanted: shut, observed: { ...whole, client: ownClient(shut) } },
    'InProgress',
    [],
  ],
])('to kstatus a subscription that %s', (_title, input, expected, progress) => {
  const status = buildStatus({ subscription: sampleSubscription(), wanted, observed: whole, now, ...input })
  const judge = (generation: number) => kstatus({ metadata: { generation }, status })
  expect([judge(3), judge(4)]).toEqual([expected, 'InProgress'])
  const types = (status.conditions ?? []).map(({ type }) => type)
  expect(types.filter((type) => type === 'Reconciling' || type === 'Stalled')).toEqual(progress)
})

test.each([
  ['a foreign mapper', { protocolMappers: [{ name: 'azp', protocolMapper: 'oidc-hardcoded-claim-mapper' }] }],
  ['full scope', { fullScopeAllowed: true }],
  ['a scope too many', { defaultClientScopes: [...clientScopes, 'email'] }],
])('S-176 credentials are not ready while the client has %s', (_title, changes) => {
  expect(conditionOf({ observed: { ...whole, client: ownClient(wanted, changes) } })).toBe('False/Progressing')
})

test('what a Subscription is not made from is nothing to it', () => {
  const { tenant, toolSet, plan: gold } = around
  const told = { conditions: [{ type: 'Ready', status: 'True' as const }] }
  expect(toolSetGives({ ...toolSet, status: told })).toBe(toolSetGives(toolSet))
  expect(planGives({ ...gold, status: told })).toBe(planGives(gold))
  expect(tenantGives({ ...tenant, status: { ...tenant.status, ...told } })).toBe(tenantGives(tenant))
  expect(toolSetGives({ ...toolSet, spec: { ...toolSet.spec, hostname: 'b.test' } })).not.toBe(toolSetGives(toolSet))
  expect(planGives({ ...gold, spec: { ...gold.spec, roles: [] } })).not.toBe(planGives(gold))
  expect(tenantGives({ ...tenant, status: {} })).not.toBe(tenantGives(tenant))
})

test('the Secret tells where to get a token and where to call', () => {
  const body = credentialsSecret(wanted, new Secret('geheim'))
  const data = Object.entries(body['data'] as Record<string, string>).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString(),
  ])
  expect(Object.fromEntries(data)).toEqual({
    'client-id': 'sub-s1',
    'client-secret': 'geheim',
    'token-url': `${issuer}/protocol/openid-connect/token`,
    'base-url': 'https://api.acme.example/v1',
  })
})

test('a Secret is ours by its owner reference alone, whatever labels somebody gave it', () => {
  const body = credentialsSecret(wanted, new Secret('s'))
  const { ownerReferences: _ownerReferences, ...forged } = body.metadata
  expect(seeSecret(body, wanted, new Secret('s')).kind).toBe('as-wanted')
  expect(seeSecret({ ...body, metadata: forged }, wanted, new Secret('s')).kind).toBe('foreign')
  expect(seeSecret(body, wanted, new Secret('other')).kind).toBe('drifted')
})
