import { expect, test } from 'vitest'
import {
  absent,
  allAsWanted,
  databaseAsWanted,
  foreign,
  namespaceAsWanted,
  nothingYet,
  openRealm,
  seen,
} from '../testing/observations.ts'
import { sampleTenant, sampleWanted } from '../testing/samples.ts'
import type { SeenObject } from '../kubernetes/wanted-object.ts'
import type { Observed } from './observed.ts'
import { plan } from './plan.ts'

const wanted = sampleWanted()
const whole = allAsWanted(wanted)
const kindsOf = (observed: Observed, of = wanted) => plan(of, observed).map((step) => `${step.wall}/${step.kind}`)

test('a tenant that is as wanted needs nothing', () => {
  expect(plan(wanted, whole)).toEqual([])
})

test('a new tenant gets its grants, its namespace, its realm and its schema', () => {
  expect(kindsOf(nothingYet(wanted))).toEqual([
    'grants/claim',
    'namespace/create',
    'identity/create-realm',
    'database/prepare-database',
  ])
})

test('a namespace is furnished after our own binding, which lets us in, and the walls before the door', () => {
  const empty = {
    ...namespaceAsWanted(wanted),
    objects: wanted.namespace.objects.map(() => absent),
    invitation: absent,
  }
  const namesIn = (found: typeof empty) =>
    plan(wanted, { ...whole, namespace: seen(found) }).map((step) =>
      step.kind === 'create' ? step.object.body.metadata.name : step.kind,
    )
  const walls = ['bulkhead-default-deny', 'bulkhead-allow', 'bulkhead-quota', 'bulkhead-defaults', 'tenant-admin']
  expect(namesIn({ ...empty, binding: absent, objects: [] })).toEqual(['bulkhead-operator', ...walls])
  expect(namesIn({ ...empty, binding: foreign, objects: [] })).toEqual([])
  expect(namesIn(empty)).toEqual([...walls, 'store-invitation'])
  const standing = namespaceAsWanted(wanted)
  const without = (...gone: string[]) => ({
    ...standing,
    objects: standing.objects.map((o, i) =>
      gone.includes(wanted.namespace.objects[i]?.body.metadata.name ?? '') ? absent : o,
    ),
  })
  expect(namesIn(without('tenant-admins'))).toEqual(['tenant-admins'])
  expect(namesIn(without('bulkhead-quota', 'tenant-admins'))).toEqual(['bulkhead-quota'])
})

const database = databaseAsWanted(wanted)
const identity = openRealm(wanted)
const namespace = namespaceAsWanted(wanted)
const firstChanged = (object: SeenObject) =>
  object.kind === 'own' ? { ...object, object: { ...object.object, spec: { podSelector: { a: 'b' } } } } : object

test.each<readonly [string, Partial<Observed>, readonly string[]]>([
  ['S-175 a foreign namespace is left alone', { namespace: seen({ kind: 'foreign' }) }, []],
  ['a namespace that terminates is waited for', { namespace: seen({ kind: 'terminating', isOwn: true }) }, []],
  [
    'a policy that somebody changed is put back',
    { namespace: seen({ ...namespace, objects: namespace.objects.map((o, i) => (i === 0 ? firstChanged(o) : o)) }) },
    ['namespace/mend'],
  ],
  ['S-175 a foreign realm is left alone', { identity: seen({ ...identity, realm: { kind: 'foreign' } }) }, []],
  [
    'a foreign realm Secret stops everything in the realm',
    { identity: seen({ ...identity, secret: foreign, realm: { kind: 'absent' } }) },
    [],
  ],
  [
    'a disabled realm is enabled',
    { identity: seen({ ...identity, realm: { kind: 'disabled' } }) },
    ['identity/set-enabled'],
  ],
  [
    'an account that is shut out is restored',
    { identity: seen({ ...identity, realm: { kind: 'locked' } }) },
    ['identity/restore-account'],
  ],
  [
    'S-176 settings that drifted are put back',
    { identity: seen(openRealm(wanted, { sslRequired: 'none' })) },
    ['identity/update-realm'],
  ],
  ["settings that are the tenant's own are left alone", { identity: seen(openRealm(wanted, { loginTheme: 'x' })) }, []],
  ['S-175 a foreign role is left alone', { database: seen({ ...database, role: { kind: 'foreign' } }) }, []],
  [
    'a role that somebody gave power to is not opened',
    { database: seen({ ...database, role: { ...database.role, isPlain: false } as typeof database.role }) },
    [],
  ],
  ['S-175 a foreign schema is left alone', { database: seen({ ...database, schema: { kind: 'foreign' } }) }, []],
  [
    'a schema that is behind is migrated',
    { database: seen({ ...database, schema: { kind: 'own', version: 0 } }) },
    ['database/migrate-database'],
  ],
  [
    'F-35 a schema whose wave is not open stays as it is',
    { database: seen({ ...database, plan: { ...database.plan, newest: 9, hindrance: { kind: 'wave' } } }) },
    [],
  ],
  [
    'F-35 a schema that is newer than we know is left alone',
    { database: seen({ ...database, schema: { kind: 'own', version: 9 } }) },
    [],
  ],
  [
    'F-35 a schema that cannot be made is not tried over and over',
    {
      database: seen({
        ...{ ...database, schema: { kind: 'absent' } },
        plan: { ...database.plan, hindrance: { kind: 'failed', version: 1, words: 'no', request: undefined } },
      }),
    },
    [],
  ],
  ['a wall that nobody could see is left alone', { identity: { kind: 'unavailable', error: new Error('x') } }, []],
])('%s', (_title, change, steps) => {
  expect(kindsOf({ ...whole, ...change })).toEqual(steps)
})

test('an invitation is written until the admin came in with it', () => {
  const uninvited = seen({ ...namespace, invitation: absent })
  const cameIn = identity.realm.kind === 'open' ? { ...identity.realm, isAdminAwaited: false } : identity.realm
  expect(kindsOf({ ...whole, namespace: uninvited })).toEqual(['namespace/store-invitation'])
  expect(kindsOf({ ...whole, namespace: uninvited, identity: seen({ ...identity, realm: cameIn }) })).toEqual([])
})

test('S-176 only what drifted is sent', () => {
  const steps = plan(wanted, {
    ...whole,
    identity: seen(openRealm(wanted, { sslRequired: 'none', accessTokenLifespan: 9 })),
  })
  expect(steps).toEqual([
    { wall: 'identity', kind: 'update-realm', fields: { sslRequired: 'external', accessTokenLifespan: 300 } },
  ])
})

test('a suspended tenant is shut at both doors, and stays as it is once it is shut', () => {
  const suspended = sampleWanted(sampleTenant({ spec: { suspended: true } }))
  expect(kindsOf(whole, suspended)).toEqual(['identity/update-realm', 'database/set-login'])
  const shut: Observed = {
    ...whole,
    identity: seen({ ...identity, realm: { kind: 'disabled' } }),
    database: seen(databaseAsWanted(suspended)),
  }
  expect(plan(suspended, shut)).toEqual([])
  const before = databaseAsWanted(suspended)
  const role = before.role.kind === 'own' ? { ...before.role, hasSessions: true } : before.role
  expect(kindsOf({ ...shut, database: seen({ ...before, role }) }, suspended)).toEqual(['database/set-login'])
})
