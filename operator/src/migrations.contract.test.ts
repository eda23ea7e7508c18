import { findCondition, kinds } from '@bulkhead/crds'
import { tenantMigrations } from '@bulkhead/database'
import { tenantId } from '@bulkhead/tenancy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTenant } from './facts.ts'
import type { TenantFacts } from './facts.ts'
import { eventKind } from './kubernetes/kinds.ts'
import { startWorld } from './testing/world.ts'
import type { World } from './testing/world.ts'

// The whole operator through two releases. The tests tell one story, in this order.
const names = ['canary', 'one', 'two', 'three']
const patient = { timeout: 90_000, interval: 100 }
const first = tenantMigrations.length
let world: World
let stopOperator: () => Promise<void> = () => Promise.resolve()

beforeAll(async () => {
  world = await startWorld({ keycloak: 'double' })
  stopOperator = world.run()
}, 600_000)

afterAll(async () => {
  await stopOperator()
  await world.stop()
})

const tenantOf = async (name: string): Promise<TenantFacts> =>
  readTenant(await world.admin.get({ kind: kinds.tenant, name })).object

/** What `DatabaseReady` is, and the version in the status. */
async function saidOf(which: readonly string[]): Promise<readonly string[]> {
  const tenants = await Promise.all(which.map(tenantOf))
  return tenants.map(
    ({ status }) =>
      `${findCondition(status?.conditions, 'DatabaseReady')?.status ?? ''} at ${status?.database?.version ?? 0}`,
  )
}

/** When `DatabaseReady` last became what it is. */
async function readySince(): Promise<readonly (string | undefined)[]> {
  const tenants = await Promise.all(names.map(tenantOf))
  return tenants.map(({ status }) => findCondition(status?.conditions, 'DatabaseReady')?.lastTransitionTime)
}

/** Another release: the operator of before ends, and one with more migrations begins. */
async function upgrade(version: number): Promise<void> {
  await stopOperator()
  const more = Array.from({ length: version - first }, (_, index) => {
    const own = first + index + 1
    return { version: own, name: `notes ${own}`, statements: [`CREATE TABLE notes_${own} (id text)`] }
  })
  const reached = { kubernetes: world.parts.kubernetes, keycloakUrl: world.keycloak.url }
  const migrations = [...tenantMigrations, ...more]
  const parts = await world.partsOf({ ...reached, database: (database) => database, migrations })
  stopOperator = world.run(undefined, undefined, parts)
}

test('every schema begins at the version of its release', async () => {
  for (const name of names) {
    const spec = { displayName: name, database: { channel: name === 'canary' ? 'Canary' : 'Stable' } }
    await world.admin.create(kinds.tenant, { metadata: { name }, spec })
  }
  await expect.poll(() => saidOf(names), patient).toEqual(names.map(() => `True at ${first}`))
})

test('a new release brings every schema to its version, and nobody is unready meanwhile', async () => {
  const before = await readySince()
  await upgrade(first + 1)
  await expect.poll(() => saidOf(names), patient).toEqual(names.map(() => `True at ${first + 1}`))
  expect(await readySince()).toEqual(before)
})

test('F-35 a migration that fails for the canary is told of, stops the others, and goes on when a person says so', async () => {
  const { metadata } = await tenantOf('canary')
  const table = `"tenant_${tenantId(metadata.uid)}".notes_${first + 2}`
  await world.postgres.query(`CREATE TABLE ${table} (mine text)`, world.postgres.database)
  const before = await readySince()
  await upgrade(first + 2)
  const failed = async () => findCondition((await tenantOf('canary')).status?.conditions, 'MigrationFailed')
  await expect.poll(failed, patient).toMatchObject({
    status: 'True',
    message: expect.stringContaining(`relation "notes_${first + 2}" already exists (42P07)`) as string,
  })
  expect(await saidOf(names)).toEqual(names.map(() => `True at ${first + 1}`))
  expect(await readySince()).toEqual(before)
  const { items } = await world.admin.listAll(eventKind, { namespace: 'default' })
  expect(items).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'MigrationFailed' }))
  expect(
    await world.postgres.query('SELECT count(*)::integer AS n FROM public.migration_failures', world.postgres.database),
  ).toEqual([{ n: 1 }])

  await world.postgres.query(`DROP TABLE ${table}`, world.postgres.database)
  const annotations = { 'bulkhead.dev/retry-migration': 'mended' }
  await world.admin.patch(
    { kind: kinds.tenant, name: 'canary' },
    { type: 'merge', body: { metadata: { annotations } } },
  )
  await expect.poll(() => saidOf(names), patient).toEqual(names.map(() => `True at ${first + 2}`))
  await expect.poll(failed, patient).toBeUndefined()
})

test('F-35 an operator of the release before makes its own new schemas, and leaves newer ones as they are', async () => {
  await upgrade(first + 1)
  await world.admin.create(kinds.tenant, { metadata: { name: 'late' }, spec: { displayName: 'late' } })
  await expect
    .poll(() => saidOf(['late', ...names]), patient)
    .toEqual([`True at ${first + 1}`, ...names.map(() => `True at ${first + 2}`)])
  const message = async () => findCondition((await tenantOf('one')).status?.conditions, 'DatabaseReady')?.message
  await expect.poll(message, patient).toContain(`newer than the ${first + 1} that this operator knows`)
})
