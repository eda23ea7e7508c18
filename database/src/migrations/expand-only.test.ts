import { describe, expect, test } from 'vitest'
import { contractionsOf, demandExpansion } from './expand-only.ts'
import { registryMigrations } from './registry.ts'
import { tenantMigrations } from './tenant.ts'

const judge = (...statements: readonly string[]) => contractionsOf({ name: 'sample', statements })

test.each([
  ...tenantMigrations.map((one) => ['tenant', one] as const),
  ...registryMigrations.map((one) => ['registry', one] as const),
])('the migrations of the %s only add', (_scope, migration) => expect(contractionsOf(migration)).toEqual([]))

describe('what only adds is allowed', () => {
  test.each([
    'CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL CHECK (length(text) < 9))',
    'CREATE INDEX notes_by_text ON audit (actor, at) WHERE actor IS NOT NULL',
    'ALTER TABLE audit ADD COLUMN note text',
    "ALTER TABLE audit ADD COLUMN note text NOT NULL DEFAULT ''",
    "ALTER TABLE audit ADD COLUMN note jsonb NOT NULL DEFAULT '{}'::jsonb, ADD COLUMN n numeric(9, 2) DEFAULT -1.5",
    'ALTER TABLE audit ADD COLUMN at2 timestamptz NOT NULL DEFAULT now()',
    'ALTER TABLE audit ALTER COLUMN actor DROP NOT NULL',
    "ALTER TABLE audit ALTER COLUMN actor SET DEFAULT 'nobody'",
    "COMMENT ON TABLE audit IS 'who did what; DROP TABLE is only text here'",
    'CREATE TABLE notes (id text -- a comment; DROP TABLE audit\n)',
  ])('%s', (statement) => expect(judge(statement)).toEqual([]))

  test('a unique index and a reference inside what the migration makes itself', () => {
    const statements = [
      'CREATE TABLE notes (id text PRIMARY KEY, text text)',
      'CREATE UNIQUE INDEX notes_once ON notes (text)',
      'CREATE TABLE pages (note text REFERENCES notes)',
    ]
    expect(judge(...statements)).toEqual([])
  })
})

describe('what takes away, locks for long or reaches elsewhere is refused', () => {
  test.each([
    ['DROP TABLE audit', 'none of the kinds'],
    ['DROP INDEX subscription_history_by_subscription', 'none of the kinds'],
    ['DROP SCHEMA tenant_x CASCADE', 'none of the kinds'],
    ['TRUNCATE audit', 'none of the kinds'],
    ['DELETE FROM audit', 'none of the kinds'],
    ["UPDATE audit SET actor = ''", 'none of the kinds'],
    ["INSERT INTO audit (actor, action) VALUES ('a', 'b')", 'none of the kinds'],
    ['GRANT ALL ON audit TO PUBLIC', 'none of the kinds'],
    ['REVOKE ALL ON audit FROM somebody', 'none of the kinds'],
    ['SET search_path = public', 'none of the kinds'],
    ['RESET ALL', 'none of the kinds'],
    ['COMMIT', 'none of the kinds'],
    ['LOCK TABLE audit', 'none of the kinds'],
    ['VACUUM FULL audit', 'none of the kinds'],
    ["COPY audit FROM '/etc/passwd'", 'none of the kinds'],
    ['CREATE EXTENSION dblink', 'none of the kinds'],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", 'none of the kinds'],
    ['CREATE TRIGGER t BEFORE INSERT ON audit EXECUTE FUNCTION f()', 'none of the kinds'],
    ['CREATE TABLE IF NOT EXISTS notes (id text)', 'none of the kinds'],
    ['CREATE TABLE notes AS SELECT * FROM audit', 'none of the kinds'],
    ['CREATE TABLE notes (id text) INHERITS (audit)', 'none of the kinds'],
    ['CREATE TEMPORARY TABLE notes (id text)', 'none of the kinds'],
    ['CREATE INDEX CONCURRENTLY i ON audit (actor)', 'none of the kinds'],
    ['CREATE UNIQUE INDEX i ON audit (actor)', 'forbids rows'],
    ['ALTER TABLE audit DROP COLUMN actor', 'none of the kinds'],
    ['ALTER TABLE audit ADD COLUMN note text, DROP COLUMN actor', 'none of the kinds'],
    ['ALTER TABLE audit RENAME TO log', 'none of the kinds'],
    ['ALTER TABLE audit RENAME COLUMN actor TO who', 'none of the kinds'],
    ['ALTER TABLE audit ALTER COLUMN actor TYPE varchar(3)', 'none of the kinds'],
    ['ALTER TABLE audit ALTER COLUMN actor SET DATA TYPE varchar(3)', 'none of the kinds'],
    ['ALTER TABLE audit ALTER COLUMN actor SET NOT NULL', 'none of the kinds'],
    ['ALTER TABLE audit ALTER COLUMN at DROP DEFAULT', 'none of the kinds'],
    ['ALTER TABLE audit ADD CONSTRAINT c CHECK (actor > action)', 'none of the kinds'],
    ['ALTER TABLE audit OWNER TO somebody', 'none of the kinds'],
    ['ALTER TABLE audit SET SCHEMA elsewhere', 'none of the kinds'],
    ['ALTER TABLE audit ADD COLUMN note text NOT NULL', 'demands a value that no row has'],
    ['ALTER TABLE audit ADD COLUMN note uuid DEFAULT gen_random_uuid()', 'its default is no constant'],
    ['ALTER TABLE audit ADD COLUMN note uuid NOT NULL DEFAULT gen_random_uuid()', 'its default is no constant'],
    ['ALTER TABLE audit ADD COLUMN note text DEFAULT (SELECT 1)', 'its default is no constant'],
    ['ALTER TABLE audit ADD COLUMN note text UNIQUE', 'every row'],
    ['ALTER TABLE audit ADD COLUMN note text CHECK (length(note) < 3)', 'every row'],
    ['ALTER TABLE audit ADD COLUMN note bigint GENERATED ALWAYS AS (id + 1) STORED', 'every row'],
    ['ALTER TABLE audit ADD COLUMN note bigserial', 'every row'],
    ['CREATE TABLE notes (audit bigint REFERENCES audit)', 'refers to a table that is older'],
    ['CREATE TABLE public.notes (id text)', 'names a schema'],
    ['CREATE TABLE "public" . "notes" (id text)', 'names a schema'],
    ['ALTER TABLE tenant_other.audit ADD COLUMN note text', 'names a schema'],
    ['CREATE TABLE notes (id text); DROP TABLE audit', 'more than one statement'],
    ['DO $$ BEGIN DROP TABLE audit; END $$', 'not understood'],
    ['CREATE /* DROP */ TABLE notes (id text)', 'not understood'],
    ["CREATE TABLE notes (id text DEFAULT 'unclosed)", 'not understood'],
  ])('%s', (statement, why) => {
    expect(judge(statement)).toHaveLength(1)
    expect(judge(statement)[0]).toContain(why)
  })
})

test('the refusal names the statement and says what is allowed', () => {
  const migration = { version: 2, name: 'tidy up', statements: ['CREATE TABLE a (id text)', 'DROP TABLE audit'] }
  expect(() => demandExpansion([migration])).toThrow(
    /^Statement 2 of migration "tidy up" is refused, because .+: DROP TABLE audit\. Allowed are CREATE TABLE/,
  )
})
