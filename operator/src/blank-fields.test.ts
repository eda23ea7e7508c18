import { parserOf, plan as planSchema, toolSet as toolSetSchema } from '@bulkhead/crds'
import { expect, test } from 'vitest'
import { readSubscription, readTenant } from './facts.ts'
import { plan as planSubscription } from './subscription/plan.ts'
import { buildStatus as subscriptionStatus, refusedStatus as refusedSubscription } from './subscription/status.ts'
import { wantSubscription } from './subscription/wanted.ts'
import { plan } from './tenant/plan.ts'
import { buildStatus, refusedStatus, withdrawnStatus } from './tenant/status.ts'
import { wantTenant } from './tenant/wanted.ts'
import { allAsWanted, nothingYet } from './testing/observations.ts'
import { now, onDefaultShard, parsed, sampleTenant, settings } from './testing/samples.ts'

type Path = readonly (string | number)[]
type Tree = { readonly [key: string]: unknown } | readonly unknown[]

const metadata = { uid: 'u1', resourceVersion: '1', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' }
const condition = {
  type: 'IdentityReady',
  status: 'True',
  reason: 'IdentityReady',
  message: 'm',
  observedGeneration: 3,
}
const provider = { alias: 'corp', issuer: 'https://idp.example', clientID: 'c', secretRef: { name: 's', key: 'k' } }
const tenant = {
  metadata: { ...metadata, name: 'acme', annotations: { a: 'b' }, labels: { a: 'b' }, finalizers: ['f'] },
  spec: {
    ...{ displayName: 'Acme', suspended: false, deletionPolicy: 'Retain', adopt: { id: 'abcdefghijklm' } },
    hostnames: [{ host: 'api.acme.example', certificateRef: { name: 'cert' } }],
    admins: [{ kind: 'Group', name: 'admins' }],
    identity: {
      type: 'Realm',
      realm: { accessTokenLifetime: '5m', mfa: 'Optional', federation: [provider], shard: 'default' },
      external: { issuer: 'https://own.example', audiences: ['a'], jwksURI: 'https://own.example/keys' },
    },
    database: { shard: 'default', channel: 'Stable', connectionLimit: 20 },
    limits: { requestsPerSecond: { guaranteed: 1, ceiling: 2 } },
    quota: { tools: 1, resources: { 'requests.cpu': '1' } },
    network: { egress: [{ cidr: '203.0.113.0/24', ports: [443] }] },
  },
  status: {
    ...{ observedGeneration: 3, namespace: 'tenant-acme', id: 'abcdefghijklm', conditions: [condition] },
    granted: { hostnames: ['acme.gw.test'], guaranteed: 1 },
    identity: { issuer: 'https://id.test/realms/a', realm: 'a', shard: 'default', jwks: '{"keys":[]}' },
    database: { schema: 's', role: 'r', shard: 'default', version: 1 },
    dataPlane: { programmed: 1, total: 1 },
  },
}
const subscription = {
  metadata: { ...metadata, name: 'app', namespace: 'tenant-acme', annotations: { a: 'b' }, finalizers: ['f'] },
  spec: {
    ...{
      toolSetRef: { name: 'orders' },
      planRef: { name: 'gold' },
      suspended: false,
      expiresAt: '2027-01-01T00:00:00Z',
    },
    application: { displayName: 'App', owner: 'alice' },
    credentials: { type: 'OAuth2', secretName: 'app-credentials', clientID: 'portal' },
  },
  status: { observedGeneration: 3, clientID: 'sub-s1', conditions: [condition] },
}

/** Every place below some parts of an object, inner ones too. */
function pathsIn(tree: unknown, path: Path = []): readonly Path[] {
  if (typeof tree !== 'object' || tree === null) return [path]
  const inner = Object.entries(tree).flatMap(([key, value]) =>
    pathsIn(value, [...path, Array.isArray(tree) ? Number(key) : key]),
  )
  return path.length < 2 ? inner : [path, ...inner]
}

const absent = Symbol('absent')
const blanks: readonly unknown[] = [absent, null, '', [], {}, 0]

/** The same object with something else in one place; one that is gone already stays so. */
function withBlank(tree: Tree, [key = '', ...rest]: Path, blank: unknown): Tree {
  const inner: unknown = Reflect.get(tree, key)
  const isInside = rest.length > 0
  if (isInside && (typeof inner !== 'object' || inner === null)) return tree
  const value = isInside ? withBlank(inner as Tree, rest, blank) : blank
  const entries = Object.entries(tree).flatMap(([name, old]) =>
    name !== String(key) ? [[name, old] as const] : value === absent ? [] : [[name, value] as const],
  )
  return Array.isArray(tree) ? entries.map(([, one]) => one) : Object.fromEntries(entries)
}

const around = {
  tenant: sampleTenant({ status: { namespace: 'tenant-acme', identity: { issuer: 'https://id.test/realms/a' } } }),
  toolSet: parsed(
    parserOf(toolSetSchema)({
      metadata: { ...metadata, name: 'orders', namespace: 'tenant-acme' },
      spec: { hostname: 'api.acme.example', basePath: '/v1', tools: ['list'] },
    }),
  ),
  plan: parsed(
    parserOf(planSchema)({ metadata: { ...metadata, name: 'gold', namespace: 'tenant-acme' }, spec: { roles: ['r'] } }),
  ),
  nowMs: Date.parse(now),
}

/** The way of an object from the API server to the status; gives what Ready says. */
function judgeTenant(raw: unknown): readonly string[] {
  const read = readTenant(raw)
  withdrawnStatus(read.object, now)
  const wanted = read.kind === 'whole' ? wantTenant(read.object, settings) : undefined
  if (read.kind === 'facts' || wanted?.ok !== true) {
    const problem = { reason: 'InvalidSpec', field: 'spec', message: 'x' } as const
    return readyIn(refusedStatus(read.object, problem, now))
  }
  const placed = onDefaultShard(wanted.wanted, settings)
  return [nothingYet(placed), allAsWanted(placed)].flatMap((observed) => {
    plan(placed, observed)
    const input = { tenant: read.object, wanted: placed, observed, faults: new Map(), refused: [], now }
    return readyIn(buildStatus(input).status)
  })
}

function judgeSubscription(raw: unknown): readonly string[] {
  const read = readSubscription(raw)
  if (read.kind === 'facts') return readyIn(refusedSubscription(read.object, 'x', now))
  const wanted = wantSubscription(read.object, around)
  if (wanted !== undefined)
    planSubscription(wanted, { client: { kind: 'absent' }, secret: { kind: 'absent' }, isRealmOpen: true })
  return readyIn(subscriptionStatus({ subscription: read.object, wanted, observed: undefined, now }))
}

type Told = readonly { readonly type: string; readonly reason?: string | undefined }[] | undefined

function readyIn({ conditions }: { readonly conditions?: Told }): readonly string[] {
  return (conditions ?? []).filter(({ type }) => type === 'Ready').map(({ reason }) => reason ?? '')
}

const kinds: readonly [string, Tree, (raw: unknown) => readonly string[]][] = [
  ['Tenant', tenant, judgeTenant],
  ['Subscription', subscription, judgeSubscription],
]

test.each(kinds)('F-65 any field of a %s may be blank: it is built or told of, never a fault', (kind, whole, judge) => {
  const paths = pathsIn({ spec: whole['spec' as never], status: whole['status' as never] })
  const one = (path: Path, blank: unknown, from: Tree = whole): Tree => withBlank(from, path, blank)
  let count = 0
  // The good path, and the control: what is not blank but wrong is told of, and what cannot be read at all is a fault.
  expect(
    judge(one(['spec', 'credentials', 'clientID'], absent, one(['spec', 'identity', 'external'], absent))),
  ).not.toContain('InvalidSpec')
  expect(judge(withBlank(whole, ['spec'], 'nonsense'))).toEqual(['InvalidSpec'])
  expect(() => judge(withBlank(whole, ['metadata'], absent))).toThrow()
  // The API server itself writes no blank metadata: it is there or not.
  for (const name of ['annotations', 'labels', 'finalizers']) judge(one(['metadata', name], absent))
  for (const path of paths) {
    for (const blank of blanks) {
      const told = judge(one(path, blank))
      expect(told.length, `${path.join('.')}: ${String(blank)}`).toBeGreaterThan(0)
      count += 1
    }
  }
  for (const [index, first] of paths.entries()) {
    for (const second of paths.slice(index + 1)) {
      for (const blank of [absent, null]) {
        judge(one(second, blank, one(first, blank)))
        count += 1
      }
    }
  }
  process.stdout.write(`${kind}: ${count} objects with blank fields\n`)
})
