import { done, failed } from '../../verdict.ts'
import type { Verdict } from '../../verdict.ts'
import { unavailable } from '../judgement.ts'
import { judgePlacement } from '../placement.ts'
import type { Seen } from '../seen.ts'
import type { SeenDatabaseWall } from './observe.ts'
import { isHopeless } from './plan.ts'
import type { SchemaPlan } from './rollout.ts'
import { retryMigrationAnnotation } from './wanted.ts'
import type { WantedDatabase } from './wanted.ts'

export interface DatabaseFacts {
  readonly wanted: WantedDatabase
  readonly seen: Seen<SeenDatabaseWall>
  readonly hasFault: boolean
  readonly isSuspended: boolean
}

const placedSchema = { server: 'Postgres', thing: 'schema', field: 'spec.database.shard' }

export function judgeDatabase({ wanted, seen, hasFault, isSuspended }: DatabaseFacts): Verdict {
  const unplaced = judgePlacement(wanted.placement, placedSchema)
  if (unplaced !== undefined) return unplaced
  if (seen.kind === 'unavailable') return unavailable('DatabaseUnavailable')
  const { schema: name } = wanted.tenant
  const taken = judgeOwnership(name, seen.value)
  if (taken !== undefined) return taken
  if (hasFault) return unavailable('DatabaseUnavailable')
  return judgeStanding(name, seen.value, isSuspended)
}

function judgeStanding(name: string, { role, schema, plan }: SeenDatabaseWall, isSuspended: boolean): Verdict {
  if (isHopeless(schema, plan)) {
    return failed('MigrationFailed', `Schema "${name}" cannot be made: ${failureText(plan) ?? ''}`)
  }
  if (role.kind !== 'own' || schema.kind !== 'own') return failed('Progressing', `Schema "${name}" is being made`)
  if (isSuspended) return failed('Suspended', `Role "${name}" cannot log in`)
  return done('DatabaseReady', `Schema "${name}" is at version ${schema.version}${nextText(schema.version, plan)}`)
}

/** What the condition `MigrationFailed` says; undefined while no migration of this tenant's failed. */
export function judgeMigration(seen: Seen<SeenDatabaseWall>): Verdict | undefined {
  const text = seen.kind === 'seen' ? failureText(seen.value.plan) : undefined
  return text === undefined ? undefined : done('MigrationFailed', text)
}

function failureText({ hindrance }: SchemaPlan): string | undefined {
  if (hindrance?.kind !== 'failed') return undefined
  const { version, words } = hindrance
  return `Version ${version}: ${words}. Mend the schema or upgrade the operator; annotate the Tenant with ${retryMigrationAnnotation}=<a new value> to have it tried again`
}

function nextText(version: number, { newest, known, hindrance }: SchemaPlan): string {
  if (version > known) return `, newer than the ${known} that this operator knows: it is left as it is`
  if (version >= newest) return ''
  switch (hindrance?.kind) {
    case 'wave':
      return `; version ${newest} waits for its wave`
    case 'stopped':
      return `; version ${newest} waits, because a migration failed elsewhere`
    case 'busy':
      return `; version ${newest} waits: ${hindrance.words}`
    case 'failed':
      return `; version ${hindrance.version} could not be made`
    case undefined:
      return `; version ${newest} is on its way`
  }
}

function judgeOwnership(name: string, { role, schema, secret }: SeenDatabaseWall): Verdict | undefined {
  if ([role.kind, schema.kind, secret.kind].includes('foreign')) {
    return failed('NameTaken', `"${name}" exists in the database and is not this tenant's; it was left untouched`)
  }
  if (role.kind !== 'own' || role.isPlain) return undefined
  return failed('NameTaken', `Somebody gave role "${name}" power that a tenant's must not have; it was left untouched`)
}
