import type { ServerTraces } from '@bulkhead/database'
import type { Sight } from './sight.ts'
import type { Sightings } from './sightings.ts'

/** One thing that a purge removes. */
export type PurgeStep =
  | { readonly kind: 'delete-namespace'; readonly uid: string }
  | { readonly kind: 'delete-realm' | 'release-grants' | 'forget-record' }
  | { readonly kind: 'drop-database'; readonly shard: string }
  | { readonly kind: 'delete-secret'; readonly name: string }

export type PurgePlan =
  /** It is not to be purged, or nobody can tell. */
  { readonly kind: 'refused'; readonly why: string } | { readonly kind: 'steps'; readonly steps: readonly PurgeStep[] }

/**
 * What has to be removed, in order. The keys go after what they open, and the record last: whoever is interrupted finds
 * everything again by it.
 */
export function planPurge(seen: Sightings): PurgePlan {
  const refusal = refusalOf(seen)
  if (refusal !== undefined) return { kind: 'refused', why: refusal }
  const isRecorded = valueOf(seen.record) !== undefined
  return {
    kind: 'steps',
    steps: [...takeNamespace(seen), ...takeWalls(seen), ...(isRecorded ? [{ kind: 'forget-record' } as const] : [])],
  }
}

function takeNamespace({ namespace }: Sightings): readonly PurgeStep[] {
  const value = valueOf(namespace)
  return value?.kind === 'own' && !value.isDeleted ? [{ kind: 'delete-namespace', uid: value.uid }] : []
}

function takeWalls({ realm, servers, registry, secrets }: Sightings): readonly PurgeStep[] {
  const isRealm = ['enabled', 'disabled'].includes(valueOf(realm) ?? '')
  const shards = [...servers].filter(([, server]) => hasRows(server))
  const owned = [...secrets].filter(([, secret]) => valueOf(secret) === 'own')
  return [
    ...(isRealm ? [{ kind: 'delete-realm' } as const] : []),
    ...shards.map(([shard]) => ({ kind: 'drop-database', shard }) as const),
    ...(isHolding(registry) ? [{ kind: 'release-grants' } as const] : []),
    ...owned.map(([name]) => ({ kind: 'delete-secret', name }) as const),
  ]
}

// What is in quarantine is nobody's any more.
function isHolding(registry: Sightings['registry']): boolean {
  if (registry.kind === 'unseen') return false
  const { listed, hosts, issuers } = registry.value
  const isHeld = hosts.some(({ quarantinedUntilMs }) => quarantinedUntilMs === undefined)
  return listed !== undefined || isHeld || issuers.length > 0
}

function refusalOf({ tenant, record, ...rest }: Sightings): string | undefined {
  if (tenant.kind === 'seen' && tenant.value.kind === 'own') return 'its Tenant exists: delete that first'
  const unseen = [
    ['the Tenant', tenant],
    ['the record', record],
    ['the registry', rest.registry],
    ['the realm', rest.realm],
    ['the namespace', rest.namespace],
    ...[...rest.secrets].map(([name, one]) => [`Secret "${name}"`, one] as const),
    ...[...rest.servers].map(([name, one]) => [`Postgres "${name}"`, one] as const),
  ] as const
  // Half a purge is worse than none: the record would go, and with it the way back to what was not seen.
  for (const [what, one] of unseen) if (one.kind === 'unseen') return `${what} cannot be seen: ${one.why}`
  const adopter = valueOf(record)?.adoptedBy
  return adopter === undefined ? undefined : `it was taken up by the Tenant of uid ${adopter}`
}

function hasRows(server: Sight<ServerTraces>): boolean {
  if (server.kind === 'unseen') return false
  const { role, schema, retained, ledger } = server.value
  return [role.kind, schema, retained].includes('own') || ledger.schema + ledger.retained > 0
}

function valueOf<T>(seen: Sight<T>): T | undefined {
  return seen.kind === 'seen' ? seen.value : undefined
}

/** A step in words, as something to do. */
export function stepWords(step: PurgeStep): string {
  switch (step.kind) {
    case 'delete-namespace':
      return 'delete the namespace and all in it'
    case 'delete-realm':
      return 'delete the realm with its users'
    case 'drop-database':
      return `drop the schemas with their rows, and the role, on Postgres "${step.shard}"`
    case 'release-grants':
      return 'release hosts, issuers and the share'
    case 'delete-secret':
      return `delete Secret "${step.name}"`
    case 'forget-record':
      return 'forget the record of what was kept'
  }
}
