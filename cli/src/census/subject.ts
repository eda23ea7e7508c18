import { kinds } from '@bulkhead/crds'
import { findRegistryTraces, findServerTraces, findTenants } from '@bulkhead/database'
import { ConfigProblem } from '@bulkhead/runtime'
import {
  databaseSecretOf,
  parseTenantId,
  parseTenantName,
  realmSecretOf,
  tenantId,
  tenantIdLabel,
  tenantNameLabel,
} from '@bulkhead/tenancy'
import type { TenantId, TenantName } from '@bulkhead/tenancy'
import { z } from 'zod'
import { Refusal } from '../command.ts'
import { namespaceKind, secretKind } from '../kubernetes.ts'
import type { Platform } from '../platform.ts'
import type { Subject } from './sightings.ts'

/** The tenant's name as an operand. */
export function nameIn(text: string): TenantName {
  const name = parseTenantName(text)
  if (name !== undefined) return name
  throw new ConfigProblem(
    `Cannot use "${text}": want the name of a Tenant, a DNS label of at most 40 characters that starts with a letter`,
  )
}

/** A tenant's id as an operand or a flag. */
export function idIn(text: string): TenantId {
  const id = parseTenantId(text)
  if (id !== undefined) return id
  throw new ConfigProblem(`Cannot use "${text}": want a tenant's id, 13 characters of a-z and 2-7, as in status.id`)
}

/** Which incarnation is meant: the one that is named, or the only one that anything is known of. */
export async function subjectOf(
  platform: Platform,
  name: TenantName,
  id: string | undefined,
  signal: AbortSignal,
): Promise<Subject> {
  if (id !== undefined) return { name, id: idIn(id) }
  const living = await platform.kubernetes.find({ kind: kinds.tenant, name }, { signal })
  if (living?.metadata.uid !== undefined) return { name, id: tenantId(living.metadata.uid) }
  const known = await findTenants(platform.registry, name, signal)
  const [only] = known
  if (known.length > 1) {
    const ids = known.map((one) => one.id).join(', ')
    throw new Refusal(`Cannot tell which "${name}" is meant: ${ids} are known; name one with --id`)
  }
  if (only !== undefined) return { name, id: idIn(only.id) }
  throw new Refusal(
    `Cannot look for "${name}": there is no such Tenant, and nothing says which id it had; name it with --id (it was in status.id, and is in every proof)`,
  )
}

/**
 * The name of the tenant that had an id, from whatever is left of it. Undefined when nothing is left that anybody knows
 * of; throws when something is and it does not tell the name, without which its realm cannot be found.
 */
export async function findName(platform: Platform, id: TenantId, signal: AbortSignal): Promise<TenantName | undefined> {
  const record = await platform.retained.find(id, signal)
  const registry = await findRegistryTraces(platform.registry, id, signal)
  const told = record?.name ?? registry.listed?.name ?? (await nameOnLabels(platform, id, signal))
  if (told !== undefined) return nameIn(told)
  const traces = await Promise.all(
    [...platform.servers].map(([name, server]) => findServerTraces(server, name, id, signal)),
  )
  if (traces.every(({ uid, ledger }) => uid === undefined && ledger.schema + ledger.retained === 0)) return undefined
  throw new Refusal(`Cannot tell which tenant had the id ${id}: something is left of it; name the tenant with --name`)
}

async function nameOnLabels(
  { kubernetes, systemNamespace: namespace }: Platform,
  id: TenantId,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const name of [realmSecretOf(id), databaseSecretOf(id)]) {
    const found = await kubernetes.find({ kind: secretKind, namespace, name }, { signal })
    const told = found?.metadata.labels?.[tenantNameLabel]
    if (told !== undefined) return told
  }
  const { items } = await kubernetes.listAll(namespaceKind, { labelSelector: `${tenantIdLabel}=${id}`, signal })
  return items.map((item) => labelled.parse(item).metadata.labels[tenantNameLabel]).find((name) => name !== undefined)
}

const labelled = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }) })
