import { findCondition } from '@bulkhead/crds'
import type { Condition, Tenant } from '@bulkhead/crds'
import { namespaceOf } from '@bulkhead/tenancy'
import type { TenantName } from '@bulkhead/tenancy'
import { apiGroup } from '@bulkhead/tenancy'
import { failed } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'
import type { Observed } from './observed.ts'

/** A wall that holds what cannot be made again: people, keys, rows. */
export type Keeper = 'identity' | 'database'

/** On a Tenant: makes an empty realm or schema in place of one that is lost; the operator takes it off once it is made. */
export const recreateAnnotation = `${apiGroup}/recreate`
const wordOf: Readonly<Record<Keeper, string>> = { identity: 'realm', database: 'schema' }

/** What was seen to stand in an earlier look. */
export type Known = Readonly<Record<Keeper, boolean>>

/** Which walls once stood, by the Tenant's own status: it lives as long as this incarnation does. */
export function knownWalls({ status }: Pick<Tenant, 'status'>): Known {
  const { jwks, jwksFailingSince } = status?.identity ?? {}
  // Keys that were withdrawn are the keys of a realm all the same.
  const identity = jwks !== undefined || jwksFailingSince !== undefined
  return { identity, database: (status?.database?.version ?? 0) > 0 }
}

/** Which walls a person wants to have made again, empty. */
export function wantedAgain({ metadata }: Pick<Tenant, 'metadata'>): readonly Keeper[] {
  const words = (metadata.annotations?.[recreateAnnotation] ?? '').split(',').map((word) => word.trim())
  return (['identity', 'database'] as const).filter((wall) => words.includes(wordOf[wall]))
}

/** The walls that stood and are gone, though nobody told us to remove them. */
export function lostWalls(known: Known, { identity, database }: Observed): readonly Keeper[] {
  const isRealmLost = known.identity && identity.kind === 'seen' && identity.value.realm.kind === 'absent'
  const isSchemaLost = known.database && database.kind === 'seen' && database.value.schema.kind === 'absent'
  return [...(isRealmLost ? (['identity'] as const) : []), ...(isSchemaLost ? (['database'] as const) : [])]
}

/**
 * What a person hears when the namespace stood and is gone; undefined while it stands, or when it was told already. It
 * holds nothing of ours that cannot be made again, so nobody is asked.
 */
export function namespaceLoss(
  { status }: Pick<Tenant, 'status'>,
  name: TenantName,
  seen: Observed,
): Condition | undefined {
  const isGone = seen.namespace.kind === 'seen' && seen.namespace.value.kind === 'absent'
  if (!isGone || status?.namespace === undefined) return undefined
  if (findCondition(status.conditions, 'NamespaceReady')?.reason === 'NamespaceLost') return undefined
  const message = `"${namespaceOf(name)}" is gone, and was not removed by us: it is made again, without what the tenant had in it`
  return { type: 'NamespaceReady', ...failed('NamespaceLost', message) }
}

/** The verdict on a wall that is lost: a person decides between a backup and an empty one. */
export function judgeLost(wall: Keeper, name: string): Verdict {
  const what = wordOf[wall]
  return failed(
    wall === 'identity' ? 'RealmLost' : 'SchemaLost',
    `The ${what} "${name}" is gone, and was not removed by us: restore it from a backup, or annotate the Tenant with ${recreateAnnotation}=${what} to have an empty one made`,
  )
}
