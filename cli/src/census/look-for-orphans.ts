import { kinds } from '@bulkhead/crds'
import { listRegistryHoldings, listServerHoldings } from '@bulkhead/database'
import type { Holding } from '@bulkhead/database'
import type { KubeKind } from '@bulkhead/runtime'
import {
  managedByLabel,
  parseTenantId,
  parseTenantName,
  realmOf,
  tenantNameLabel,
  tenantUidLabel,
} from '@bulkhead/tenancy'
import { z } from 'zod'
import { namespaceKind, secretKind } from '../kubernetes.ts'
import type { Platform } from '../platform.ts'
import { findOrphans } from './orphans.ts'
import type { Orphan, OrphanSightings } from './orphans.ts'
import { sight } from './sight.ts'
import type { Sight } from './sight.ts'

/** Lists everything that is somebody's; realms are asked for later, one by one: a Keycloak is slow at listing them. */
export async function lookForHoldings(platform: Platform, signal: AbortSignal): Promise<OrphanSightings> {
  const { registry, retained } = platform
  const before = await sight(signal, () => livingUids(platform, signal))
  const [holdings, records] = await Promise.all([
    Promise.all(placesOf(platform, signal).map(async ([place, look]) => [place, await sight(signal, look)] as const)),
    sight(signal, () => retained.list(signal)),
  ])
  const grants = await sight(signal, () => listRegistryHoldings(registry, signal))
  const after = await sight(signal, () => livingUids(platform, signal))
  return { living: union(before, after), records, holdings: new Map([...holdings, ['registry', grants]]) }
}

function placesOf(platform: Platform, signal: AbortSignal) {
  const { servers, systemNamespace } = platform
  return [
    ...[...servers].map(
      ([name, server]) => [`Postgres "${name}"`, () => listServerHoldings(server, name, signal)] as const,
    ),
    ['Namespaces', () => labelled(platform, namespaceKind, undefined, signal)] as const,
    [`Secrets in "${systemNamespace}"`, () => labelled(platform, secretKind, systemNamespace, signal)] as const,
  ]
}

// A Tenant that came or went meanwhile is in one of the two lists.
function union(before: Sight<ReadonlySet<string>>, after: Sight<ReadonlySet<string>>): Sight<ReadonlySet<string>> {
  if (before.kind === 'unseen') return before
  if (after.kind === 'unseen') return after
  return { kind: 'seen', value: new Set([...before.value, ...after.value]) }
}

const named = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
})

async function livingUids({ kubernetes }: Platform, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const { items } = await kubernetes.listAll(kinds.tenant, { signal })
  return new Set(items.map((item) => named.parse(item).metadata.uid))
}

async function labelled(
  { kubernetes }: Platform,
  kind: KubeKind,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly Holding[]> {
  const labelSelector = `${managedByLabel}=bulkhead,${tenantUidLabel}`
  const { items } = await kubernetes.listAll(kind, { namespace, labelSelector, signal })
  return items.flatMap((item) => {
    const { metadata } = named.parse(item)
    const uid = metadata.labels[tenantUidLabel]
    const what = `${kind.kind} "${metadata.name}"`
    return uid === undefined ? [] : [{ uid, name: metadata.labels[tenantNameLabel], what }]
  })
}

const realmsAtOnce = 4

/** Asks for the realm of each, by its derived name and a few at once; gives those whose realm could not be asked for too. */
export async function lookForRealms(
  { keycloak }: Platform,
  seen: OrphanSightings,
  told: (done: number, all: number) => void,
  signal: AbortSignal,
): Promise<{ readonly orphans: readonly Orphan[]; readonly realms: ReadonlyMap<string, Sight<readonly Holding[]>> }> {
  const orphans = findOrphans(seen) ?? []
  const realms = new Map<string, Sight<readonly Holding[]>>()
  const queue = [...orphans]
  const work = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const { uid, name } = one
      const realm = realmNameOf(one)
      const place = `realm ${realm === undefined ? `of id ${one.id}, whose name nobody knows` : `"${realm}"`}`
      realms.set(place, realm === undefined ? nameless : await sight(signal, () => find(realm, { uid, name })))
      told(realms.size, orphans.length)
    }
  }
  const find = async (realm: string, { uid, name }: Pick<Holding, 'uid' | 'name'>): Promise<readonly Holding[]> => {
    const found = await keycloak.findRealm(realm, signal)
    const isOwn = found !== undefined && Object.hasOwn(found.attributes, tenantUidLabel)
    if (!isOwn || found.attributes[tenantUidLabel] !== uid) return []
    return [{ uid, name, what: `realm "${realm}"${found.enabled ? '' : ', disabled'}` }]
  }
  await Promise.all(Array.from({ length: realmsAtOnce }, work))
  const all = { ...seen, holdings: new Map([...seen.holdings, ...realms]) }
  return { orphans: findOrphans(all) ?? [], realms }
}

const nameless: Sight<readonly Holding[]> = { kind: 'unseen', why: 'a realm is called after its tenant' }

function realmNameOf({ id, name = '' }: Orphan): string | undefined {
  const key = { name: parseTenantName(name), id: parseTenantId(id) }
  return key.name === undefined || key.id === undefined ? undefined : realmOf({ name: key.name, id: key.id })
}
