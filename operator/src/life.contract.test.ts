import { findCondition, kinds } from '@bulkhead/crds'
import { isNotFound } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { readTenant } from './facts.ts'
import { eventKind, namespaceKind, secretKind } from './kubernetes/kinds.ts'
import { recreateAnnotation } from './tenant/lost.ts'
import { allowDeletionAnnotation } from './tenant/status.ts'
import { openWorld } from './testing/open-world.ts'
import { systemNamespace } from './testing/world.ts'

// A tenant's life from application to its end, and back, with every real part. One world for all.
const { world, steps, operator } = await openWorld()

const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const patient = { timeout: 60_000, interval: 200 }
const signal = AbortSignal.timeout(3_600_000)
const refOf = (name: string) => ({ kind: kinds.tenant, name })

const schemasOf = async (id: string): Promise<readonly unknown[]> => {
  const { database } = world.postgres
  const rows = await world.postgres.query(
    `SELECT nspname FROM pg_namespace WHERE nspname LIKE '%${id}' ORDER BY 1`,
    database,
  )
  return rows.map(({ nspname }) => nspname)
}

async function conditionOf(name: string, type: string) {
  return findCondition(readTenant(await world.admin.get(refOf(name))).object.status?.conditions, type)
}

async function reasonsTold(name: string): Promise<readonly string[]> {
  const { items } = await world.admin.list(eventKind, { fieldSelector: `involvedObject.name=${name}` })
  return items.map((item) => z.looseObject({ reason: z.string() }).parse(item).reason)
}

async function annotate(name: string, annotations: Readonly<Record<string, string>>): Promise<void> {
  await world.admin.patch(refOf(name), { type: 'merge', body: { metadata: { annotations } } })
}

test('S-194 a Tenant of a new uid takes up what one of its name left, and nobody else can', async () => {
  await steps.createTenant('acme', { hostnames: [{ host: 'api.acme.example' }], deletionPolicy: 'Retain' })
  await steps.tenantWith('acme', 'True', walls)
  const old = await steps.factsOf('acme')
  const login = await steps.login(old.id)
  await login.query(`INSERT INTO audit (actor, action) VALUES ('alice', 'signed')`)
  await login.end()
  await world.admin.delete(refOf('acme'))
  await steps.gone('acme')
  expect(await schemasOf(old.id)).toEqual([`retained_${old.id}`])

  // A wrong id and another name read the same, and build nothing.
  await steps.createTenant('globex', { adopt: { id: old.id } })
  const refused = await steps.tenantWith('globex', 'False', ['Ready'])
  expect(findCondition(refused.status?.conditions, 'Ready')).toMatchObject({ reason: 'NothingToAdopt' })
  await expect(world.admin.get({ kind: namespaceKind, name: 'tenant-globex' })).rejects.toSatisfy(isNotFound)
  await world.admin.delete(refOf('globex'))
  await steps.gone('globex')

  await steps.createTenant('acme', { hostnames: [{ host: 'api.acme.example' }], adopt: { id: old.id } })
  const again = await steps.tenantWith('acme', 'True', walls)
  const { id, realm } = await steps.factsOf('acme')
  expect(id).not.toBe(old.id)
  // In quarantine for everybody else.
  expect(again.status?.granted?.hostnames).toEqual(['acme.gw.test', 'api.acme.example'])
  expect(await schemasOf(old.id)).toEqual([])
  const client = await steps.login(id)
  expect((await client.query('SELECT actor, action FROM audit')).rows).toEqual([{ actor: 'alice', action: 'signed' }])
  await client.end()
  expect(await world.parts.keycloak.findRealm(old.realm, signal)).toBeUndefined()
  expect(await world.parts.keycloak.findRealm(realm, signal)).toMatchObject({ enabled: true })
  expect(await world.postgres.query(`SELECT 1 FROM pg_roles WHERE rolname = 'tenant_${old.id}'`)).toEqual([])
  for (const name of [`realm-${old.id}`, `database-${old.id}`]) {
    await expect(world.admin.get({ kind: secretKind, namespace: systemNamespace, name })).rejects.toSatisfy(isNotFound)
  }
  // The first admin never came in: the invitation is the one that the realm knows.
  const stored = await steps.secret(systemNamespace, `realm-${id}`)
  const invitation = await steps.secret('tenant-acme', 'tenant-admin-invitation')
  expect(invitation['password']).toBe(stored['tenant-admin-password'])
})

test('a realm or schema that somebody removed is told of, and made again, empty, only when a person says so', async () => {
  await steps.createTenant('initech')
  await steps.tenantWith('initech', 'True', walls)
  const { id, realm } = await steps.factsOf('initech')
  await operator.stop()
  await world.parts.keycloak.deleteRealm(realm, signal)
  await world.postgres.query(`DROP SCHEMA "tenant_${id}" CASCADE`, world.postgres.database)
  operator.start()
  const lost = await steps.tenantWith('initech', 'False', ['IdentityReady', 'DatabaseReady'])
  expect(findCondition(lost.status?.conditions, 'IdentityReady')).toMatchObject({ reason: 'RealmLost' })
  expect(findCondition(lost.status?.conditions, 'DatabaseReady')).toMatchObject({ reason: 'SchemaLost' })
  expect(findCondition(lost.status?.conditions, 'Stalled')?.message).toContain(`${recreateAnnotation}=realm`)
  expect(await world.parts.keycloak.findRealm(realm, signal)).toBeUndefined()
  expect(await schemasOf(id)).toEqual([])
  await annotate('initech', { [recreateAnnotation]: 'realm,schema' })
  await steps.tenantWith('initech', 'True', walls)
  await (await steps.login(id)).end()
  const annotations = async () => (await world.admin.get(refOf('initech'))).metadata.annotations ?? {}
  await expect.poll(annotations, patient).toEqual({})
})

test('S-191 a namespace that somebody deleted is made again, empty, and the Tenant says what happens meanwhile', async () => {
  await steps.createTenant('hooli')
  await steps.tenantWith('hooli', 'True', walls)
  await steps.publish('tenant-hooli', 'hooli.gw.test')
  const ref = { kind: namespaceKind, name: 'tenant-hooli' }
  const before = (await world.admin.get(ref)).metadata.uid
  await world.admin.delete(ref)
  await steps.changeTenant('hooli', { displayName: 'Hooli' })
  await world.until(ref, (found) => found !== undefined && found.metadata.uid !== before)
  await steps.tenantWith('hooli', 'True', walls)
  expect(await reasonsTold('hooli')).toContain('NamespaceLost')
  await expect(world.admin.get({ kind: kinds.toolSet, namespace: 'tenant-hooli', name: 'orders' })).rejects.toSatisfy(
    isNotFound,
  )
})

test('a Tenant that is deleted while it is being made leaves nothing', async () => {
  await steps.createTenant('fleeting', { deletionPolicy: 'Delete' })
  await world.until(refOf('fleeting'), (found) => (found?.metadata.finalizers ?? []).length > 0)
  const { metadata } = await world.admin.get(refOf('fleeting'))
  await world.admin.delete(refOf('fleeting'))
  await steps.gone('fleeting')
  const left = await world.postgres.query(
    `SELECT name FROM tenants WHERE uid = '${metadata.uid ?? ''}'`,
    world.postgres.database,
  )
  expect(left).toEqual([])
  await expect(world.admin.get({ kind: namespaceKind, name: 'tenant-fleeting' })).rejects.toSatisfy(isNotFound)
})

test('S-194 a Tenant whose registry and status are older than its walls takes up its own, and makes nothing twice', async () => {
  await steps.createTenant('wayne')
  await steps.tenantWith('wayne', 'True', walls)
  const { id, realm } = await steps.factsOf('wayne')
  const client = await steps.login(id)
  await client.query(`INSERT INTO audit (actor, action) VALUES ('bruce', 'waits')`)
  await client.end()
  await operator.stop()
  await world.postgres.query(`DELETE FROM hostnames; DELETE FROM tenants`, world.postgres.database)
  const forget = { type: 'json', body: [{ op: 'remove', path: '/status' }] } as const
  await world.admin.patch(refOf('wayne'), forget, { subresource: 'status' })
  operator.start()
  await steps.tenantWith('wayne', 'True', walls)
  expect((await steps.factsOf('wayne')).realm).toBe(realm)
  const again = await steps.login(id)
  expect((await again.query('SELECT actor FROM audit')).rows).toEqual([{ actor: 'bruce' }])
  await again.end()
  expect(await schemasOf(id)).toEqual([`tenant_${id}`])
})

test('more deletions at once than anybody means are held back, and each goes on when it is allowed', async () => {
  const each = (work: (name: string) => Promise<unknown>) => Promise.all(names.map(work))
  const names = Array.from({ length: 6 }, (_, index) => `crowd-${index}`)
  await each((name) => steps.createTenant(name, { deletionPolicy: 'Delete' }))
  await each((name) => steps.tenantWith(name, 'True', walls))
  await operator.stop()
  await each((name) => world.admin.delete(refOf(name)))
  operator.start(600_000, { share: 0.2, minimum: 2, windowMs: 60_000 })
  const [first = '', second = ''] = names
  await each(async (name) => {
    const held = await steps.tenantWith(name, 'True', ['Stalled'])
    expect(findCondition(held.status?.conditions, 'Ready')).toMatchObject({ reason: 'DeletionHeld' })
    expect(held.status?.granted?.hostnames).toEqual([`${name}.gw.test`])
  })
  await annotate(first, { [allowDeletionAnnotation]: 'true' })
  await steps.gone(first)
  expect(await conditionOf(second, 'Ready')).toMatchObject({ reason: 'DeletionHeld' })
  await Promise.all(names.slice(1).map((name) => annotate(name, { [allowDeletionAnnotation]: 'true' })))
  await each((name) => steps.gone(name))
})
