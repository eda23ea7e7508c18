import { findCondition, kinds } from '@bulkhead/crds'
import { isNotFound } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import type { TenantFacts } from './facts.ts'
import { namespaceKind, secretKind } from './kubernetes/kinds.ts'
import { openWorld } from './testing/open-world.ts'
import { systemNamespace } from './testing/world.ts'

// What becomes of what was granted, and of what stands, through suspension, deletion and restored backups. The next
// resync is ten minutes away: whatever happens here happens because of what is done here.
const { world, steps, operator } = await openWorld({ keycloak: 'double' })

const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const refOf = (name: string) => ({ kind: kinds.tenant, name })
const shared = 'api.shared.example'
const asking = { hostnames: [{ host: shared }], deletionPolicy: 'Delete' }
const hostsOf = ({ status }: Pick<TenantFacts, 'status'>) => status?.granted?.hostnames
const sql = (query: string) => world.postgres.query(query, world.postgres.database)

test('a suspended Tenant keeps what it was granted, and nobody else gets it', async () => {
  await steps.createTenant('acme', { ...asking, limits: { requestsPerSecond: { guaranteed: 600, ceiling: 900 } } })
  await steps.tenantWith('acme', 'True', walls)
  await steps.changeTenant('acme', { suspended: true })
  const suspended = await steps.tenantWith('acme', 'False', ['IdentityReady', 'DatabaseReady'])
  expect(suspended.status?.granted).toEqual({ hostnames: ['acme.gw.test', shared], guaranteed: 600 })
  await steps.createTenant('globex', { ...asking, limits: { requestsPerSecond: { guaranteed: 500, ceiling: 900 } } })
  const refused = await steps.tenantWith('globex', 'False', ['Granted'])
  expect(hostsOf(refused)).toEqual(['globex.gw.test'])
  expect(findCondition(refused.status?.conditions, 'Granted')?.message).toContain('100 are missing')
  await steps.changeTenant('acme', { suspended: false })
  expect((await steps.tenantWith('acme', 'True', walls)).status?.granted?.guaranteed).toBe(600)
})

test('a share that a Tenant gives up goes to the one that waits for it, and so does what a deleted one had', async () => {
  await steps.changeTenant('acme', { limits: { requestsPerSecond: { guaranteed: 500, ceiling: 900 } } })
  await world.until(refOf('globex'), (found) => JSON.stringify(found?.['status']).includes('"guaranteed":500'))
  await world.admin.delete(refOf('acme'))
  await steps.gone('acme')
  // The host of its name is free at once, the other one not before its quarantine is over.
  expect(await sql(`SELECT host FROM hostnames WHERE host LIKE '%acme.gw.test'`)).toEqual([])
  expect(await sql(`SELECT quarantined_until > now() AS later FROM hostnames WHERE host = '${shared}'`)).toEqual([
    { later: true },
  ])
  expect(hostsOf(await steps.tenantWith('globex', 'False', ['Granted']))).toEqual(['globex.gw.test'])
})

test('a host whose quarantine ends goes to the Tenant that waits for it, though nothing else happens', async () => {
  await sql(`UPDATE hostnames SET quarantined_until = now() + interval '3 seconds' WHERE host = '${shared}'`)
  // Looked at once more, it knows when to come back.
  await steps.changeTenant('globex', { displayName: 'Globex' })
  expect(hostsOf(await steps.tenantWith('globex', 'True', walls))).toEqual([shared, 'globex.gw.test'])
})

test("S-112 a host that is no more in the spec is nobody else's in the same second, and its last holder may take it back", async () => {
  // The good path stands above: a host whose quarantine is over goes to the one that waits.
  await Promise.all([steps.changeTenant('globex', { hostnames: [] }), steps.createTenant('initech', asking)])
  await world.until(refOf('globex'), (found) => !JSON.stringify(found?.['status']).includes(shared))
  expect(hostsOf(await steps.tenantWith('initech', 'False', ['Granted']))).toEqual(['initech.gw.test'])
  await steps.changeTenant('globex', { hostnames: [{ host: shared }] })
  await world.until(refOf('globex'), (found) => JSON.stringify(found?.['status']).includes(shared))
})

test('S-194 a registry older than the Tenants grants to each what its object says, and nothing twice', async () => {
  await operator.stop()
  await sql('DELETE FROM hostnames; DELETE FROM issuers; DELETE FROM tenants')
  operator.start()
  const rows = () => sql(`SELECT host, count(*)::int AS holders FROM hostnames GROUP BY host ORDER BY host`)
  await expect
    .poll(rows, { timeout: 60_000, interval: 200 })
    .toEqual([shared, 'globex.gw.test', 'initech.gw.test'].map((host) => ({ host, holders: 1 })))
})

async function loseCluster(name: string, id: string): Promise<void> {
  await operator.stop()
  await world.admin.patch(refOf(name), { type: 'merge', body: { metadata: { finalizers: null } } })
  await world.admin.delete(refOf(name))
  await world.admin.delete({ kind: namespaceKind, name: `tenant-${name}` })
  await world.until({ kind: namespaceKind, name: `tenant-${name}` }, (found) => found === undefined)
  for (const secret of [`realm-${id}`, `database-${id}`]) {
    await world.admin.delete({ kind: secretKind, namespace: systemNamespace, name: secret })
  }
  operator.start()
}

test('S-194 a Tenant whose cluster was lost takes up realm and rows of its former uid, when it says so', async () => {
  await steps.createTenant('wayne', { hostnames: [{ host: 'api.wayne.example' }] })
  await steps.tenantWith('wayne', 'True', walls)
  const former = await steps.factsOf('wayne')
  const client = await steps.login(former.id)
  await client.query(`INSERT INTO audit (actor, action) VALUES ('bruce', 'waits')`)
  await client.end()
  await loseCluster('wayne', former.id)

  // Another name gets nothing of it, and the same name without a word starts empty beside it.
  await steps.createTenant('thief', { adopt: { id: former.id } })
  const refused = await steps.tenantWith('thief', 'True', ['Stalled'])
  expect(findCondition(refused.status?.conditions, 'Ready')?.reason).toBe('NothingToAdopt')

  await steps.createTenant('wayne', { hostnames: [{ host: 'api.wayne.example' }], adopt: { id: former.id } })
  expect(hostsOf(await steps.tenantWith('wayne', 'True', walls))).toEqual(['api.wayne.example', 'wayne.gw.test'])
  const { id } = await steps.factsOf('wayne')
  const again = await steps.login(id)
  expect((await again.query('SELECT actor FROM audit')).rows).toEqual([{ actor: 'bruce' }])
  await again.end()
  expect(world.double?.realms().filter((realm) => realm.startsWith('wayne-'))).toEqual([`wayne-${id}`])
  expect(await sql(`SELECT id FROM tenants WHERE name = 'wayne'`)).toEqual([{ id }])
  expect(await sql(`SELECT nspname FROM pg_namespace WHERE nspname LIKE '%${former.id}'`)).toEqual([])
  expect(await world.postgres.query(`SELECT 1 FROM pg_roles WHERE rolname = 'tenant_${former.id}'`)).toEqual([])
})

test('S-190 a Tenant deleted while it is being made, and made again at once, inherits nothing', async () => {
  await steps.createTenant('fleeting', asking)
  await world.until(refOf('fleeting'), (found) => (found?.metadata.finalizers ?? []).length > 0)
  const { uid } = (await world.admin.get(refOf('fleeting'))).metadata
  await world.admin.delete(refOf('fleeting'))
  await steps.gone('fleeting')
  await steps.createTenant('fleeting', { deletionPolicy: 'Delete' })
  const { id } = await steps.tenantWith('fleeting', 'True', walls).then(() => steps.factsOf('fleeting'))
  expect(await sql(`SELECT 1 FROM tenants WHERE uid = '${uid ?? ''}'`)).toEqual([])
  expect(world.double?.realms().filter((realm) => realm.startsWith('fleeting-'))).toEqual([`fleeting-${id}`])
  const schemas = await sql(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\\_%' ORDER BY 1`)
  const listed = await sql(`SELECT 'tenant_' || id AS nspname FROM tenants WHERE name <> 'thief' ORDER BY 1`)
  expect(schemas).toEqual(listed)
  await world.admin.delete(refOf('thief'))
  await steps.gone('thief')
  await expect(world.admin.get({ kind: namespaceKind, name: 'tenant-thief' })).rejects.toSatisfy(isNotFound)
})

test('S-191 the client of a Subscription that was torn out goes, and a list that names none is not believed at once', async () => {
  const namespace = 'tenant-initech'
  const refTo = (name: string) => ({ kind: kinds.subscription, namespace, name })
  await steps.publish(namespace, 'initech.gw.test')
  const stored = async (name: string) => {
    await steps.subscribe(namespace, name)
    await steps.subscriptionWith(refTo(name), 'True', ['CredentialsReady'])
    return steps.secret(namespace, `${name}-credentials`)
  }
  const [app, late] = [await stored('app'), await stored('late')]
  const tearOut = async (name: string): Promise<void> => {
    await operator.stop()
    await world.admin.patch(refTo(name), { type: 'merge', body: { metadata: { finalizers: null } } })
    await world.admin.delete(refTo(name))
    operator.start()
  }
  expect(await steps.token(app)).toHaveProperty('azp')
  await tearOut('app')
  await expect.poll(() => steps.token(app), { timeout: 60_000, interval: 200 }).toHaveProperty('error')
  expect(await steps.token(late)).toHaveProperty('azp')

  // Now the list is empty, as it is when something between us and the API server answers for it.
  await tearOut('late')
  for (const displayName of ['Initech', 'Initech Inc']) {
    await steps.changeTenant('initech', { displayName })
    await steps.tenantWith('initech', 'True', ['NamespaceReady', 'IdentityReady'])
  }
  expect(await steps.token(late), 'its client stays until a later look says the same').toHaveProperty('azp')
})
