import { buffer } from 'node:stream/consumers'
import { Secret } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tenantMigrations } from '../migrations/tenant.ts'
import { createTenantDatabase } from '../tenant-database.ts'
import type { DatabaseTenant } from '../tenant-database.ts'
import { carryOut, loadOf, startTransferWorld, withRows } from '../testing/transfers.ts'
import type { TransferWorld } from '../testing/transfers.ts'
import { exportSchema } from './export.ts'
import type { TakeTable } from './export.ts'
import { findTenants } from './find.ts'
import { importSchema } from './import.ts'
import { TransferRefused } from './refusal.ts'

let world: TransferWorld
/** What every refused import leaves as it is. */
let kept: DatabaseTenant
const signal = AbortSignal.timeout(600_000)

beforeAll(async () => {
  world = await startTransferWorld()
  kept = await filled('kept')
})

afterAll(async () => {
  await world.stop()
})

/** The same database as the next release knows it. */
const later = {
  version: tenantMigrations.length + 1,
  get tenants() {
    const statements = [`ALTER TABLE audit ADD COLUMN origin text NOT NULL DEFAULT 'unknown'`]
    const next = { version: this.version, name: 'origin of what is audited', statements }
    return createTenantDatabase(world.database, world.options.database, [...tenantMigrations, next])
  },
}

const awkward = String.raw`E'tab\t line\n return\r back\\slash \\N \\. "quote" \u00e4 \U0001F9CA'`

async function filled(name: string): Promise<DatabaseTenant> {
  const tenant = await world.tenant(name)
  await world.query(`
    INSERT INTO "${tenant.schema}".audit (actor, action, detail)
      SELECT 'person ' || n, ${awkward}, jsonb_build_object('n', n, 'text', ${awkward}) FROM generate_series(1, 50) n;
    INSERT INTO "${tenant.schema}".audit (actor, action) VALUES ('', '\\N');
    DELETE FROM "${tenant.schema}".audit WHERE id IN (3, 51);
    INSERT INTO "${tenant.schema}".subscription_history (subscription_uid, name, event, at)
      VALUES ('s', 'n', 'created', '2001-02-03 04:05:06.789012+03'), ('s', 'n', 'gone', 'infinity');
    INSERT INTO "${tenant.schema}".credential_hashes (sha256, subscription_uid) VALUES (sha256('a'), 's'), (sha256('b'), 's');
    INSERT INTO "${tenant.schema}".usage_windows VALUES ('2026-01-01', 's', 't', 'u', 2, 9007199254740993)`)
  return tenant
}

const countOf = async (tenant: DatabaseTenant, table = 'audit'): Promise<unknown> =>
  (await world.query(`SELECT count(*)::int AS n FROM "${tenant.schema}"."${table}"`))[0]?.['n']

const carriedBy = (tenant: DatabaseTenant) => carryOut(world.options, tenant, {})

test('what was exported and imported into a fresh schema is exported again as the same bytes', async () => {
  const [from, to] = [await filled('from'), await world.tenant('to')]
  const first = await carriedBy(from)
  expect([...first.rows.keys()]).toEqual(['audit', 'credential_hashes', 'subscription_history', 'usage_windows'])
  await importSchema(world.options, loadOf(first, to), signal)
  const second = await carriedBy(to)
  expect(second.rows).toEqual(first.rows)
  expect(second.snapshot.tables).toEqual(first.snapshot.tables)
  expect(second.snapshot.migrations).toEqual(first.snapshot.migrations)
})

test('numbering goes on where it was, though the last rows are gone', async () => {
  const [from, to] = [await filled('counting'), await world.tenant('counting-on')]
  await importSchema(world.options, loadOf(await carriedBy(from), to), signal)
  const rows = await world.query(
    `INSERT INTO "${to.schema}".audit (actor, action) VALUES ('a', 'b') RETURNING id::int AS id`,
  )
  expect(rows).toEqual([{ id: 52 }])
})

test('all tables are as they were at one moment, and nobody who writes meanwhile waits', async () => {
  const tenant = await filled('moment')
  const before = async (): Promise<void> => {
    await world.query(`INSERT INTO "${tenant.schema}".usage_windows VALUES (clock_timestamp(), 's', 't', 'u', 2, 1)`)
  }
  const { rows } = await carryOut(world.options, tenant, { before })
  expect(rows.get('usage_windows')?.toString().trim().split('\n').length).toBe(1)
  expect(await countOf(tenant, 'usage_windows')).toBe(5)
})

test('an export that is broken off leaves no session in the server', async () => {
  const tenant = await filled('broken-off')
  await world.query(
    `INSERT INTO "${tenant.schema}".audit (actor, action) SELECT 'a', repeat('x', 1000) FROM generate_series(1, 20000)`,
  )
  const controller = new AbortController()
  const sessions = `SELECT FROM pg_stat_activity WHERE application_name = 'bulkhead-cli' AND datname = current_database()`
  const before = async (): Promise<void> => {
    expect((await world.query(sessions)).length).toBe(1)
    controller.abort(new Error('told to stop'))
  }
  await expect(carryOut(world.options, tenant, { before, signal: controller.signal })).rejects.toThrow('told to stop')
  await expect.poll(() => world.query(sessions), { timeout: 10_000, interval: 20 }).toEqual([])
})

test('whoever reads slowly keeps the server waiting, and holds little', async () => {
  const tenant = await world.tenant('slow')
  await world.query(
    `INSERT INTO "${tenant.schema}".audit (actor, action) SELECT 'a', repeat('x', 1000) FROM generate_series(1, 40000)`,
  )
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'ClientWrite'`
  const held: number[] = []
  const take: TakeTable = async (_table, rows) => {
    rows.once('readable', () => undefined)
    if (held.length === 0) await expect.poll(() => world.query(waiting), { timeout: 30_000 }).toHaveLength(1)
    held.push(rows.readableLength)
    await buffer(rows)
  }
  await exportSchema(world.options, tenant, take, signal)
  expect(held[0]).toBeGreaterThan(0)
  expect(held[0]).toBeLessThan(2_000_000)
})

test('rows that are there already are a reason to refuse, or are replaced', async () => {
  const [from, to] = [await filled('replacing'), await filled('replaced')]
  await world.query(`INSERT INTO "${to.schema}".audit (actor, action) VALUES ('mine', 'stays')`)
  const load = loadOf(await carriedBy(from), to)
  await expect(importSchema(world.options, load, signal)).rejects.toThrow(/audit" holds rows; with --replace/)
  expect(await countOf(to)).toBe(50)
  await importSchema(world.options, { ...load, doesReplace: true }, signal)
  expect(await countOf(to)).toBe(49)
})

test.each([
  ['a value of another type', '1\ta\tb\t{}\t2026-01-01\nX\ta\tb\t{}\t2026-01-01\n', /line 2, column "id".*22P02/],
  ['a column too few', '1\ta\tb\n', /line 1.*22P04/],
  ['a column too many', '1\ta\tb\t{}\t2026-01-01\tmore\n', /line 1.*22P04/],
  ['a null where none may be', '1\t\\N\tb\t{}\t2026-01-01\n', /line 1.*23502/],
  ['a key that stands twice', '1\ta\tb\t{}\t2026-01-01\n'.repeat(2), /line 2: its key stands twice/],
  ['bytes that are no UTF-8', Buffer.from('310961096209ff0a', 'hex'), /22021/],
  ['an end in the middle', '1\ta\tb\t{}\t2026-01-01\n\\.\n2\ta\tb\t{}\t2026-01-01\n', /audit/],
  ['no line at all in 8 MB', 'x'.repeat(8_000_000), /line 1.*22/],
])('%s is refused, and what was there stays, whatever was to be replaced', async (_title, text, words) => {
  const load = { ...loadOf(await carriedBy(kept), kept), doesReplace: true }
  await importSchema(world.options, load, signal)
  const fault: unknown = await importSchema(world.options, withRows(load, 'audit', text), signal).catch(
    (error: unknown) => error,
  )
  expect(fault).toBeInstanceOf(TransferRefused)
  expect(String(fault)).toMatch(words)
  expect(await countOf(kept)).toBe(49)
  expect(await countOf(kept, 'credential_hashes')).toBe(2)
})

test('a row of many megabytes is carried whole', async () => {
  const [from, to] = [await world.tenant('wide'), await world.tenant('as-wide')]
  const insert = `INSERT INTO "${from.schema}".audit (actor, action) VALUES ('a', repeat('wide', 2000000))`
  await world.query(insert)
  await importSchema(world.options, loadOf(await carriedBy(from), to), signal)
  expect(await world.query(`SELECT length(action) AS length FROM "${to.schema}".audit`)).toEqual([
    { length: 8_000_000 },
  ])
})

test('a source that fails keeps its words, and nothing is kept', async () => {
  const to = await world.tenant('source-fails')
  const load = loadOf(await carriedBy(await filled('source')), to)
  async function* failing() {
    yield Buffer.from('1\ta\tb\t{}\t2026-01-01\n')
    await Promise.resolve()
    throw new Error('the file changed')
  }
  const tables = load.tables.map((table) => (table.name === 'audit' ? { ...table, open: failing } : table))
  await expect(importSchema(world.options, { ...load, tables }, signal)).rejects.toThrow('the file changed')
  expect(await countOf(to)).toBe(0)
})

test('S-161 tables of others cannot be named: only the tables of the schema itself are written', async () => {
  const [victim, to] = [await filled('victim'), await world.tenant('attacker')]
  const load = loadOf(await carriedBy(victim), to)
  const [audit] = load.tables
  for (const name of ['tenants', `${victim.schema}.audit`, `audit" (id) FROM STDIN; DROP TABLE public.tenants; --`]) {
    const tables = [{ ...audit!, name }]
    await expect(importSchema(world.options, { ...load, tables }, signal)).rejects.toThrow('it has no table')
    const columns = [{ ...audit!, columns: [name] }]
    await expect(importSchema(world.options, { ...load, tables: columns }, signal)).rejects.toThrow('has no column')
  }
  expect(await countOf(victim)).toBe(49)
  await importSchema(world.options, load, signal)
})

test('S-175 a schema of another owner is neither read nor written', async () => {
  const tenant = await filled('owned')
  const carried = await carriedBy(tenant)
  const other = { ...tenant, uid: 'uid-of-another' }
  await expect(carriedBy(other)).rejects.toThrow(/does not belong to the Tenant with uid uid-of-another/)
  await expect(importSchema(world.options, loadOf(carried, other), signal)).rejects.toThrow(/does not belong/)
  const gone = { ...tenant, schema: 'tenant_aaaaaaaaaaaaa' }
  await expect(carriedBy(gone)).rejects.toThrow('there is no schema')
})

test('an export of a newer or of another history is refused, one of an older is loaded', async () => {
  const to = await world.tenant('versions')
  const load = loadOf(await carriedBy(await filled('versioned')), to)
  const newer = { ...load, migrations: [...load.migrations, { version: 99, checksum: 'c' }] }
  await expect(importSchema(world.options, newer, signal)).rejects.toThrow(/the export at version 99; do it again when/)
  const other = { ...load, migrations: [{ version: 1, checksum: 'another' }] }
  await expect(importSchema(world.options, other, signal)).rejects.toThrow(/version 1 is of another history/)
  await later.tenants.migrate(to, later.version, signal)
  await importSchema(world.options, load, signal)
  expect(await countOf(to)).toBe(49)
  const back = await world.tenant('versions-back')
  await expect(importSchema(world.options, loadOf(await carriedBy(to), back), signal)).rejects.toThrow(
    `it is at version ${later.version - 1} and the export at version ${later.version}; do it again when`,
  )
})

test('while rows are carried out no migration and no import begins, and a door is shut all the same', async () => {
  const tenant = await filled('carried')
  const load = { ...loadOf(await carriedBy(tenant), tenant), doesReplace: true }
  const before = async (): Promise<void> => {
    await expect(later.tenants.migrate(tenant, later.version, signal)).rejects.toThrow('being exported or imported')
    await expect(importSchema(world.options, load, signal)).rejects.toThrow(/is under way; do it again/)
    await world.tenants.setLogin(tenant, false, signal)
  }
  await carryOut(world.options, tenant, { before })
  expect((await world.tenants.observe(tenant, signal)).role).toMatchObject({ canLogin: false })
  await later.tenants.migrate(tenant, later.version, signal)
})

test('of two imports at once one is refused, and a door is shut meanwhile', async () => {
  const to = await world.tenant('twice')
  const load = loadOf(await carriedBy(await filled('once')), to)
  async function* meanwhile(): AsyncGenerator<Buffer> {
    await expect(importSchema(world.options, load, signal)).rejects.toThrow(/is under way/)
    await expect(carriedBy(to)).rejects.toThrow(/is under way/)
    await world.tenants.setLogin(to, false, signal)
    yield* load.tables[0]!.open()
  }
  const tables = load.tables.map((table, index) => (index === 0 ? { ...table, open: meanwhile } : table))
  await importSchema(world.options, { ...load, tables }, signal)
  expect(await countOf(to)).toBe(49)
})

test('a suspended tenant is exported, and so is what a deleted one left', async () => {
  const tenant = await filled('leaving')
  await world.tenants.setLogin(tenant, false, signal)
  const { rows } = await carriedBy(tenant)
  await world.tenants.retain(tenant, signal)
  expect((await carriedBy({ ...tenant, schema: tenant.retainedSchema })).rows).toEqual(rows)
})

test('a tenant that is deleted meanwhile ends its export, which says so', async () => {
  const tenant = await filled('deleted-meanwhile')
  const before = () => world.tenants.retain(tenant, signal)
  const fault: unknown = await carryOut(world.options, tenant, { before }).catch((error: unknown) => error)
  expect(String(fault)).toMatch(/^TransferRefused: .* it went away meanwhile: its tenant was deleted or taken up/)
})

test('S-163 a role that may not read the schema is told so, and which one to use', async () => {
  const tenant = await filled('unreadable')
  const { database } = world.options
  const user = `${database}_lost`
  await world.query(`CREATE ROLE ${user} LOGIN PASSWORD 'lost'; GRANT CONNECT ON DATABASE ${database} TO ${user}`)
  const options = { ...world.options, user, password: new Secret('lost') }
  const fault: unknown = await carryOut(options, tenant, {}).catch((error: unknown) => error)
  expect(String(fault)).toMatch(
    /TransferRefused: Cannot export schema .*permission denied .* the role that the operator/,
  )
  const closed = { ...world.options, port: 1 }
  await expect(carryOut(closed, tenant, {})).rejects.toThrow(/^Cannot open the database ".*" at .*:1 as ".*"$/)
})

test('a name leads to its living incarnation, then to those that left their rows, and never to what was taken up', async () => {
  await world.query(`
    INSERT INTO public.tenants (uid, id, name, guaranteed, registered_at) VALUES
      ('u1', 'i1', 'acme', 0, now()), ('u9', 'i9', 'going', 0, now());
    INSERT INTO public.retained (id, uid, name, schema, retained_at, adopted_at) VALUES
      ('i2', 'u2', 'acme', 'retained_i2', '2026-01-01', NULL), ('i3', 'u3', 'acme', 'retained_i3', '2026-02-01', NULL),
      ('i4', 'u4', 'acme', 'retained_i4', '2026-03-01', now()), ('i9', 'u9', 'going', 'retained_i9', now(), NULL)`)
  const found = await findTenants(world.database, 'acme', signal)
  expect(found.map(({ id, retainedAtMs }) => [id, retainedAtMs !== undefined])).toEqual([
    ['i1', false],
    ['i3', true],
    ['i2', true],
  ])
  expect((await findTenants(world.database, 'going', signal)).length).toBe(1)
  expect(await findTenants(world.database, `' OR true --`, signal)).toEqual([])
})
