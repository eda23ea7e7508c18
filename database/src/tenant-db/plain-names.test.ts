import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, DummyDriver, sql } from 'kysely'
import { expect, test } from 'vitest'
import { plainNames } from './plain-names.ts'
import type { TenantTables } from './tables.ts'

// A driver that reaches nobody: whatever is refused here was refused before anything could be sent.
const db = new Kysely<TenantTables & { 'public.tenants': { id: string } }>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (any) => new PostgresIntrospector(any),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
  plugins: [plainNames()],
})

test.each([
  ['a table', () => db.selectFrom('public.tenants').selectAll().execute()],
  ['a table with an alias', () => db.selectFrom('public.tenants as mine').selectAll().execute()],
  ['withSchema', () => db.withSchema('tenant_other').selectFrom('audit').selectAll().execute()],
  ['an insert', () => db.withSchema('public').insertInto('audit').values({ actor: 'a', action: 'b' }).execute()],
  ['an update', () => db.withSchema('public').updateTable('audit').set({ actor: 'a' }).execute()],
  ['a delete', () => db.withSchema('public').deleteFrom('audit').execute()],
  ['a join', () => db.selectFrom('audit').innerJoin('public.tenants', 'id', 'audit.id').selectAll().execute()],
  [
    'a subquery',
    () =>
      db
        .selectFrom('audit')
        .where((where) => where.exists(where.selectFrom('public.tenants').selectAll()))
        .execute(),
  ],
  [
    'a common table expression',
    () =>
      db
        .with('c', (c) => c.selectFrom('public.tenants').selectAll())
        .selectFrom('c')
        .selectAll()
        .execute(),
  ],
  ['a definition', () => db.schema.createTable('public.mine').addColumn('id', 'text').execute()],
  ['sql.table', () => sql`SELECT * FROM ${sql.table('public.tenants')}`.execute(db)],
  ['sql.ref', () => sql`SELECT ${sql.ref('public.tenants.id')}`.execute(db)],
  ['sql.id', () => sql`SELECT * FROM ${sql.id('public', 'tenants')}`.execute(db)],
  [
    'sql.id in a query',
    () =>
      db
        .selectFrom(sql<{ a: 1 }>`${sql.id('pg_catalog', 'pg_roles')}`.as('r'))
        .selectAll()
        .execute(),
  ],
])('S-164 a schema that is named by %s is refused before anything is sent', async (_title, send) => {
  await expect(send()).rejects.toThrow(
    /^Cannot send a statement that names ".+\..+": a tenant's tables are named without a schema/,
  )
})

test.each([
  ['a column with its table', db.selectFrom('audit').select('audit.id').where('audit.actor', '=', 'public.tenants')],
  ['an alias', db.selectFrom('audit as a').select('a.id')],
  ['a function', db.selectFrom('audit').select(({ fn }) => fn.countAll().as('n'))],
  ['a reference in text', db.selectFrom('audit').select(sql<string>`${sql.ref('audit.id')}`.as('id'))],
])('%s is sent as it is', (_title, query) => {
  expect(query.compile().sql).toContain('from "audit"')
})
