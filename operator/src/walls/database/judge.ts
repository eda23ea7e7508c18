import { latestVersion } from '@bulkhead/database'
import { done, failed } from '../../verdict.ts'
import type { Verdict } from '../../verdict.ts'
import { unavailable } from '../judgement.ts'
import { judgePlacement } from '../placement.ts'
import type { Seen } from '../seen.ts'
import type { SeenDatabaseWall } from './observe.ts'
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
  const { role, schema } = seen.value
  if (role.kind !== 'own' || schema.kind !== 'own' || schema.version !== latestVersion) {
    return failed('Progressing', `Schema "${name}" is being made`)
  }
  if (isSuspended) return failed('Suspended', `Role "${name}" cannot log in`)
  return done('DatabaseReady', `Schema "${name}" is at version ${schema.version}`)
}

function judgeOwnership(name: string, { role, schema, secret }: SeenDatabaseWall): Verdict | undefined {
  if ([role.kind, schema.kind, secret.kind].includes('foreign')) {
    return failed('NameTaken', `"${name}" exists in the database and is not this tenant's; it was left untouched`)
  }
  if (role.kind !== 'own' || role.isPlain) return undefined
  return failed('NameTaken', `Somebody gave role "${name}" power that a tenant's must not have; it was left untouched`)
}
