import { findCondition } from '@bulkhead/crds'
import type { Reason } from '@bulkhead/crds'
import type { TenantFacts } from '../facts.ts'
import { ownerOf } from '../walls/owner.ts'
import type { Standing } from '../walls/database/rollout.ts'

// Whatever is migrated, these are not before a person acts: a wave does not wait for them.
const broken: readonly Reason[] = ['SchemaLost', 'NameTaken', 'ShardUnknown']

// A spec that cannot be used is not worked on, and neither is its schema.
function isBroken(status: TenantFacts['status']): boolean {
  const wall = findCondition(status?.conditions, 'DatabaseReady')
  const ready = findCondition(status?.conditions, 'Ready')
  return broken.some((reason) => reason === wall?.reason) || ready?.reason === 'InvalidSpec'
}

/** The schema of a Tenant as far as a wave of migrations waits for it; undefined: it does not. */
export function standingOf({ metadata, spec, status }: TenantFacts): Standing | undefined {
  const owner = ownerOf(metadata)
  const version = status?.database?.version ?? 0
  if (owner === undefined || version === 0 || metadata.deletionTimestamp !== undefined) return undefined
  return isBroken(status) ? undefined : { id: owner.id, name: owner.name, channel: spec.database.channel, version }
}
