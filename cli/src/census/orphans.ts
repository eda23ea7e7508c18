import type { Holding, RetainedRecord } from '@bulkhead/database'
import { tenantId } from '@bulkhead/tenancy'
import { z } from 'zod'
import type { Sight } from './sight.ts'

/** Somebody without a Tenant who has something. */
export const orphan = z.strictObject({
  id: z.string(),
  uid: z.string(),
  /** Where nothing that is left tells the name there is none. */
  name: z.string().optional(),
  /**
   * `kept`: all of it was retained on purpose; `takenUp`: what a living Tenant has not taken over or what was left
   * behind when it did; `lost`: nobody meant it to be there.
   */
  kind: z.enum(['kept', 'takenUp', 'lost']),
  retainedAt: z.iso.datetime().optional(),
  found: z.array(z.string()),
})
export type Orphan = z.infer<typeof orphan>

/** What `bulkhead tenant orphans --json` prints. A field is never taken out or given another meaning. */
export const orphanReport = z.strictObject({
  kind: z.literal('TenantOrphanReport'),
  version: z.literal(1),
  at: z.iso.datetime(),
  /** Every place was seen, and there is nothing but what was kept on purpose. */
  isClean: z.boolean(),
  orphans: z.array(orphan),
  unseen: z.array(z.strictObject({ place: z.string(), why: z.string() })),
})
export type OrphanReport = z.infer<typeof orphanReport>

export interface OrphanSightings {
  /** Uids of all Tenants, from before and after everything else was looked at. */
  readonly living: Sight<ReadonlySet<string>>
  /** Everything that is somebody's, by the place where it was looked for. */
  readonly holdings: ReadonlyMap<string, Sight<readonly Holding[]>>
  readonly records: Sight<readonly RetainedRecord[]>
}

/**
 * Who has something and is no living Tenant's; undefined when nobody knows who lives or what was kept: then all of it would
 * look as if nobody meant it.
 */
export function findOrphans({ living, holdings, records }: OrphanSightings): readonly Orphan[] | undefined {
  if (living.kind === 'unseen' || records.kind === 'unseen') return undefined
  const recordOf = new Map(records.value.map((record) => [record.uid, record]))
  const seen = [...holdings.values()].flatMap((place) => (place.kind === 'seen' ? place.value : []))
  const uids = new Set([...seen.map(({ uid }) => uid), ...recordOf.keys()].filter((uid) => !living.value.has(uid)))
  return [...uids]
    .map((uid) => {
      const own = seen.filter((one) => one.uid === uid)
      return orphanOf(uid, own, recordOf.get(uid))
    })
    .filter(({ kind, found }) => kind !== 'takenUp' || found.length > 0)
    .toSorted((a, b) => (a.name ?? '').localeCompare(b.name ?? '') || a.id.localeCompare(b.id))
}

function orphanOf(uid: string, own: readonly Holding[], record: RetainedRecord | undefined): Orphan {
  const name = record?.name ?? own.find((one) => one.name !== undefined)?.name
  return {
    ...{ id: tenantId(uid), uid, ...(name === undefined ? {} : { name }), kind: kindOf(record) },
    ...(record === undefined ? {} : { retainedAt: new Date(record.retainedAtMs).toISOString() }),
    found: own.map(({ what }) => what),
  }
}

function kindOf(record: RetainedRecord | undefined): Orphan['kind'] {
  if (record === undefined || record.isPurged) return 'lost'
  return record.adoptedBy === undefined ? 'kept' : 'takenUp'
}

/** The report over everything that was seen, realms among it. */
export function judgeOrphans(seen: OrphanSightings, orphans: readonly Orphan[], at: string): OrphanReport {
  const places = [['Tenants', seen.living], ...seen.holdings, ['registry: retained', seen.records]] as const
  const unseen = places.flatMap(([place, one]) => (one.kind === 'unseen' ? [{ place, why: one.why }] : []))
  const isClean = unseen.length === 0 && orphans.every(({ kind }) => kind === 'kept')
  return { kind: 'TenantOrphanReport', version: 1, at, isClean, orphans: [...orphans], unseen }
}

const said: Readonly<Record<Orphan['kind'], string>> = {
  kept: 'kept on purpose',
  takenUp: 'taken up by another Tenant, but not all of it',
  lost: 'nobody meant it to be there',
}

/** The report as lines for a person. */
export function orphanLines({ orphans, unseen, at }: OrphanReport): readonly string[] {
  const lines = orphans.flatMap(({ id, name = '?', kind, retainedAt, found }) => [
    `${name}  ${id}  ${said[kind]}${retainedAt === undefined ? '' : `, since ${retainedAt}`}`,
    ...found.map((what) => `  ${what}`),
    ...(kind === 'takenUp' ? [] : [`  to remove it: bulkhead tenant purge ${id} --yes`]),
  ])
  const not = unseen.map(({ place, why }) => `not seen: ${place}: ${why}`)
  return [...lines, ...not, `${orphans.length} without a Tenant at ${at}`]
}
