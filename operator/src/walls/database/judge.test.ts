import { expect, test } from 'vitest'
import { databaseAsWanted, seen } from '../../testing/observations.ts'
import { sampleWanted } from '../../testing/samples.ts'
import { judgeDatabase, judgeMigration } from './judge.ts'
import type { Hindrance, SchemaPlan } from './rollout.ts'

const wanted = sampleWanted()
const { schema: name } = wanted.database.tenant
const whole = databaseAsWanted(wanted)
const failure: Hindrance = {
  kind: 'failed',
  version: 2,
  words: 'relation "notes" already exists (42P07)',
  request: undefined,
}

function verdictOf(version: number, plan: Partial<SchemaPlan>) {
  const value = {
    ...whole,
    schema: { kind: 'own', version } as const,
    plan: { ...whole.plan, newest: 2, known: 2, ...plan },
  }
  return judgeDatabase({ wanted: wanted.database, seen: seen(value), hasFault: false, isSuspended: false })
}

test.each<[string, number, Partial<SchemaPlan>, string]>([
  ['one that has the newest version says just that', 2, {}, 'is at version 2'],
  ['one whose wave is not open', 1, { hindrance: { kind: 'wave' } }, 'is at version 1; version 2 waits for its wave'],
  [
    'one that waits, because somebody else failed',
    1,
    { hindrance: { kind: 'stopped' } },
    'is at version 1; version 2 waits, because a migration failed elsewhere',
  ],
  [
    'one whose tables are held',
    1,
    { hindrance: { kind: 'busy', words: 'its rows are being exported or imported' } },
    'is at version 1; version 2 waits: its rows are being exported or imported',
  ],
  ['one that failed', 1, { hindrance: failure }, 'is at version 1; version 2 could not be made'],
  [
    'one that is newer than the operator',
    3,
    { newest: 3 },
    'is at version 3, newer than the 2 that this operator knows: it is left as it is',
  ],
])('F-35 a schema is served at its version: %s', (_title, version, plan, words) => {
  expect(verdictOf(version, plan)).toEqual({
    status: 'True',
    reason: 'DatabaseReady',
    message: `Schema "${name}" ${words}`,
  })
})

test('F-35 whose migration failed says why and what to do; others say nothing of it', () => {
  const told = judgeMigration(seen({ ...whole, plan: { ...whole.plan, hindrance: failure } }))
  expect(told).toEqual({
    ...{ status: 'True', reason: 'MigrationFailed' },
    message:
      'Version 2: relation "notes" already exists (42P07). Mend the schema or upgrade the operator; annotate the Tenant with bulkhead.dev/retry-migration=<a new value> to have it tried again',
  })
  expect(judgeMigration(seen({ ...whole, plan: { ...whole.plan, hindrance: { kind: 'stopped' } } }))).toBeUndefined()
  expect(judgeMigration({ kind: 'unavailable', error: new Error('x') })).toBeUndefined()
})

test('F-35 a schema that cannot be made at all is not ready', () => {
  const value = {
    ...whole,
    schema: { kind: 'absent' } as const,
    plan: { ...whole.plan, version: 2, hindrance: failure },
  }
  const verdict = judgeDatabase({ wanted: wanted.database, seen: seen(value), hasFault: false, isSuspended: false })
  expect(verdict).toMatchObject({ status: 'False', reason: 'MigrationFailed' })
})
