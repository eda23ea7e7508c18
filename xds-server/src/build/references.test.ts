import { referencesOf } from '@bulkhead/crds'
import type { Reason } from '@bulkhead/crds'
import { expect, test } from 'vitest'
import type { Built } from '../model/model.ts'
import { buildTenant } from './build-tenant.ts'
import type { TenantInput } from './input.ts'
import { aPlan, aPolicy, aSubscription, aTenant, aTool, aToolSet, anInput, jwks, settings } from './testing/fixtures.ts'

// Globex has a Service, a Tool, a ToolSet, a Plan and a host, all called theirs. Acme names each of them in turn. The objects
// of globex are even handed in beside acme's own, which the watch never does: the namespace alone must keep them out.
const globex = { namespace: 'tenant-globex' }
const theirs = {
  tools: [aTool('theirs', {}, globex)],
  toolSets: [aToolSet('theirs', ['theirs'], { hostname: 'globex.gw.test' }, globex)],
  plans: [aPlan('theirs', [], globex)],
}
const services = new Map([['orders:80', { kind: 'found', endpoints: [{ address: '10.9.8.7', port: 8080 }] } as const]])
const external = new Map([
  ['backend.example', ['203.0.113.7']],
  ['theirs.tenant-globex.svc.cluster.local', ['10.1.2.3']],
])
const service = (name: string) => ({ type: 'Service', service: { name, port: 80 } })
const externalBackend = (host: string, sni?: string) => ({
  type: 'External',
  external: { host, port: 8080, ...(sni !== undefined && { tls: { sni } }) },
})

function build(own: Partial<TenantInput>): Built {
  const input = {
    ...{ tools: [aTool('a')], toolSets: [aToolSet('api', ['a'])], plans: [aPlan('gold')] },
    ...own,
    resolutions: { external, services },
  }
  const beside = { toolSets: [...input.toolSets, ...theirs.toolSets], plans: [...input.plans, ...theirs.plans] }
  return buildTenant(anInput({ ...input, ...beside, tools: [...input.tools, ...theirs.tools] }), settings)
}

const endpointsOf = ({ model }: Built) =>
  model.routes.map(({ action }) => (action.kind === 'forward' ? action.backend.endpoints : []))
const reasonsOf = ({ findings }: Built, name: string) =>
  findings.find(({ ref }) => ref.name === name)?.problems.map(({ reason }) => reason)

/** What acme writes into the field, and how it is seen that a name of globex gives nothing. */
interface Row {
  readonly own: string
  readonly foreign: string
  readonly write: (name: string) => Partial<TenantInput>
  readonly gives: (built: Built) => unknown
  readonly nothing: unknown
}

const refused = (object: string, reason: Reason) => ({
  gives: (built: Built) => reasonsOf(built, object),
  nothing: [reason],
})
const named = { own: 'api', foreign: 'theirs' }

const issuer = 'https://idp.acme.example'
const tenantWithIssuer = aTenant('acme', {
  spec: { identity: { type: 'External', external: { issuer, audiences: ['a'], jwksURI: `${issuer}/keys` } } },
  status: { identity: { issuer, audiences: ['a'], jwks } },
})

const rows: Readonly<Record<string, Row>> = {
  'Tool.spec.backend.external.host': {
    ...{ own: 'backend.example', foreign: 'theirs.tenant-globex.svc.cluster.local' },
    write: (host) => ({ tools: [aTool('a', { backend: externalBackend(host) })] }),
    ...refused('a', 'BackendNotAllowed'),
  },
  // It is sent, and says nothing of where to.
  'Tool.spec.backend.external.tls.sni': {
    ...{ own: 'backend.example', foreign: 'theirs.tenant-globex.svc.cluster.local' },
    write: (sni) => ({ tools: [aTool('a', { backend: externalBackend('backend.example', sni) })] }),
    gives: (built) => [reasonsOf(built, 'a'), endpointsOf(built)],
    nothing: [[], [[{ address: '203.0.113.7', port: 8080 }]]],
  },
  'Tool.spec.backend.service.name': {
    ...{ own: 'orders', foreign: 'theirs' },
    write: (name) => ({ tools: [aTool('a', { backend: service(name) })] }),
    ...refused('a', 'BackendNotFound'),
  },
  'ToolSet.spec.hostname': {
    ...{ own: 'acme.gw.test', foreign: 'globex.gw.test' },
    write: (hostname) => ({ toolSets: [aToolSet('api', ['a'], { hostname })] }),
    ...refused('api', 'HostnameNotGranted'),
  },
  'ToolSet.spec.tools[]': {
    ...{ own: 'a', foreign: 'theirs' },
    write: (name) => ({ toolSets: [aToolSet('api', [name])] }),
    ...refused('api', 'ToolNotFound'),
  },
  'Subscription.spec.toolSetRef.name': {
    ...named,
    write: (name) => ({ subscriptions: [aSubscription('app', { toolSetRef: { name } })] }),
    ...refused('app', 'ToolSetNotFound'),
  },
  'Subscription.spec.planRef.name': {
    ...{ own: 'gold', foreign: 'theirs' },
    write: (name) => ({ subscriptions: [aSubscription('app', { planRef: { name } })] }),
    ...refused('app', 'PlanNotFound'),
  },
  // A client is one of the tenant's own issuer, whatever it is called: a token of another issuer never names it.
  'Subscription.spec.credentials.clientID': {
    ...{ own: 'portal', foreign: 'client-of-globex' },
    write: (clientID) => ({
      tenant: tenantWithIssuer,
      subscriptions: [aSubscription('app', { credentials: { type: 'OAuth2', secretName: 'app', clientID } })],
    }),
    gives: ({ model }) => [model.identity?.issuer, model.subscriptions.map(({ toolSetUid }) => toolSetUid)],
    nothing: [issuer, ['uid-api']],
  },
  'AccessPolicy.spec.targetRef.name': {
    ...named,
    write: (name) => ({ accessPolicies: [aPolicy('policy', { kind: 'ToolSet', name }, [])] }),
    ...refused('policy', 'TargetNotFound'),
  },
  // A role is one in a token of the tenant's own issuer, and opens what the policy is about.
  'AccessPolicy.spec.rules[].roles[]': {
    ...{ own: 'reader', foreign: 'globex-admin' },
    write: (role) => ({ accessPolicies: [aPolicy('policy', { kind: 'ToolSet', name: 'api' }, [{ roles: [role] }])] }),
    gives: ({ model }) => [model.identity?.issuer, model.policies.map(({ targetUid }) => targetUid)],
    nothing: [aTenant().status?.identity?.issuer, ['uid-api']],
  },
}

test('every reference that is looked up here has its row', () => {
  expect(Object.keys(rows).toSorted()).toEqual([...referencesOf('xds-server')].toSorted())
})

test.each(Object.entries(rows))("S-157 %s: what is another tenant's gives nothing", (_field, row) => {
  const own = build(row.write(row.own))
  const all = Object.fromEntries(own.findings.map(({ ref, problems }) => [ref.name, problems]))
  expect(own.model.routes.every(({ action }) => action.kind === 'forward')).toBe(true)
  expect(Object.values(all).flat(), 'its own name is fine').toEqual([])
  const foreign = build(row.write(row.foreign))
  expect(row.gives(foreign)).toEqual(row.nothing)
  expect(JSON.stringify(foreign.model), 'nothing of the other tenant is in the model').not.toContain('uid-theirs')
  expect(JSON.stringify([foreign.model, foreign.findings])).not.toContain('10.1.2.3')
})
