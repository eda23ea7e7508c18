import { kinds } from '@bulkhead/crds'
import { findRegistryTraces, findServerTraces } from '@bulkhead/database'
import type { KubeKind, KubeObject } from '@bulkhead/runtime'
import { databaseSecretOf, namespaceOf, realmOf, realmSecretOf, tenantId, tenantUidLabel } from '@bulkhead/tenancy'
import { z } from 'zod'
import { namespaceKind, secretKind } from '../kubernetes.ts'
import type { Platform } from '../platform.ts'
import { sight } from './sight.ts'
import type { SeenHere, SeenNamespace, SeenRealm, SeenTenant, Sightings, Subject } from './sightings.ts'

/** Looks at every place at once; nothing is changed. */
export async function lookFor(platform: Platform, subject: Subject, signal: AbortSignal): Promise<Sightings> {
  const { registry, servers, retained } = platform
  const { id } = subject
  const names = [realmSecretOf(id), databaseSecretOf(id)]
  const [tenant, namespace, secrets, realm, traces, registryTraces, record] = await Promise.all([
    sight(signal, () => lookAtTenant(platform, subject, signal)),
    sight(signal, () => lookAtNamespace(platform, subject, signal)),
    Promise.all(names.map((name) => sight(signal, () => lookAtSecret(platform, subject, name, signal)))),
    sight(signal, () => lookAtRealm(platform, subject, signal)),
    Promise.all(
      [...servers].map(
        async ([name, server]) =>
          [name, await sight(signal, () => findServerTraces(server, name, id, signal))] as const,
      ),
    ),
    sight(signal, () => findRegistryTraces(registry, id, signal)),
    sight(signal, () => retained.find(id, signal)),
  ])
  const byName = names.flatMap((name, index) => {
    const seen = secrets[index]
    return seen === undefined ? [] : [[name, seen] as const]
  })
  return {
    ...{ tenant, namespace, realm, record, registry: registryTraces },
    secrets: new Map(byName),
    servers: new Map(traces),
  }
}

/** By the uid label alone: the id derives from it, and a name can be anybody's. */
function seeHere(found: KubeObject | undefined, uid: string | undefined, { id }: Subject): SeenHere | undefined {
  if (found === undefined) return { kind: 'absent' }
  if (uid === undefined) return { kind: 'other', whose: 'it carries no mark of ours' }
  return tenantId(uid) === id ? undefined : { kind: 'other', whose: `id ${tenantId(uid)}` }
}

const tenantWords = z.object({
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), reason: z.string(), message: z.string() }).partial())
        .default([]),
    })
    .prefault({}),
})

async function lookAtTenant({ kubernetes }: Platform, subject: Subject, signal: AbortSignal): Promise<SeenTenant> {
  const found = await kubernetes.find({ kind: kinds.tenant, name: subject.name }, { signal })
  const { uid = '', deletionTimestamp } = found?.metadata ?? {}
  const here = seeHere(found, uid, subject)
  if (here !== undefined) return here
  return { kind: 'own', uid, isDeleted: deletionTimestamp !== undefined, words: readyWords(found) }
}

/** What the Tenant's condition `Ready` says. */
export function readyWords(tenant: KubeObject | undefined): string {
  const parsed = tenantWords.safeParse(tenant)
  const conditions = parsed.success ? parsed.data.status.conditions : []
  const ready = conditions.find(({ type }) => type === 'Ready')
  return ready === undefined ? 'nobody has looked at it yet' : `${ready.reason ?? ''}: ${ready.message ?? ''}`
}

const namespaceWords = z.object({
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string() })).default([]),
    })
    .prefault({}),
})

async function lookAtNamespace(platform: Platform, subject: Subject, signal: AbortSignal): Promise<SeenNamespace> {
  const name = namespaceOf(subject.name)
  const found = await platform.kubernetes.find({ kind: namespaceKind, name }, { signal })
  const here = seeHere(found, found?.metadata.labels?.[tenantUidLabel], subject)
  if (found === undefined || here !== undefined) return here ?? { kind: 'absent' }
  const { uid = '', deletionTimestamp } = found.metadata
  const isDeleted = deletionTimestamp !== undefined
  const contents = isDeleted ? remainsIn(found) : await contentsOf(platform, name, signal)
  return { kind: 'own', uid, isDeleted, contents }
}

// While it goes, Kubernetes itself says what holds it up.
function remainsIn(namespace: KubeObject): string {
  const parsed = namespaceWords.safeParse(namespace)
  const told = parsed.success ? parsed.data.status.conditions : []
  const remaining = told.filter(({ type, status }) => type.endsWith('Remaining') && status === 'True')
  return remaining.map(({ message }) => message).join('; ') || 'nothing that it says'
}

// Secrets are not counted: who may list them may read them.
const listed: readonly KubeKind[] = Object.values(kinds).filter(({ namespaced }) => namespaced)

async function contentsOf({ kubernetes }: Platform, namespace: string, signal: AbortSignal): Promise<string> {
  const counts = await Promise.all(
    listed.map(async (kind) => {
      const { items } = await kubernetes.listAll(kind, { namespace, signal })
      return `${items.length} ${kind.plural}`
    }),
  )
  return counts.join(', ')
}

async function lookAtSecret(platform: Platform, subject: Subject, name: string, signal: AbortSignal) {
  const ref = { kind: secretKind, namespace: platform.systemNamespace, name }
  const found = await platform.kubernetes.find(ref, { signal })
  const here = seeHere(found, found?.metadata.labels?.[tenantUidLabel], subject)
  if (here === undefined) return 'own' as const
  return here.kind === 'absent' ? ('absent' as const) : ('foreign' as const)
}

// By its derived name, one call: realms are never listed.
async function lookAtRealm({ keycloak }: Platform, subject: Subject, signal: AbortSignal): Promise<SeenRealm> {
  const realm = await keycloak.findRealm(realmOf(subject), signal)
  if (realm === undefined) return 'absent'
  const uid = Object.hasOwn(realm.attributes, tenantUidLabel) ? realm.attributes[tenantUidLabel] : undefined
  if (uid === undefined || tenantId(uid) !== subject.id) return 'foreign'
  return realm.enabled ? 'enabled' : 'disabled'
}
