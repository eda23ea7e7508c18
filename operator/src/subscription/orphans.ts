import { namespaceOf, subscriptionClientId } from '@bulkhead/tenancy'
import { subscriptionFacts } from '../facts.ts'
import type { TenantFacts } from '../facts.ts'
import { subscriptionKind } from '../kubernetes/kinds.ts'
import type { ClientRepresentation, RealmAdmin } from '@bulkhead/identity'
import type { Parts } from '../parts.ts'
import { isClientOf, subscriptionAttribute } from './client-fields.ts'
import type { Doubts } from './doubt.ts'
import { enterRealm } from './observe.ts'
import { homeOf } from './wanted.ts'

export interface Knowledge {
  /** Whether our own copy holds a Subscription. */
  readonly isKnown: (subscriptionUid: string) => boolean
  readonly doubts: Doubts
  /** The way into the realm, where somebody was just let in. */
  readonly admin?: RealmAdmin
}

/**
 * Deletes the clients in a tenant's realm whose Subscription is no more: whoever may write an object can take its
 * finalizer off, also while nobody watches. Nothing hurries: the data plane lets in no client without a Subscription.
 */
export async function deleteOrphans(
  parts: Parts,
  tenant: TenantFacts,
  { isKnown, doubts, admin: entered }: Knowledge,
  signal: AbortSignal,
): Promise<void> {
  const home = homeOf(tenant)
  if (home === undefined) return
  const admin = entered ?? (await enterRealm(parts, home, signal))
  if (admin === undefined) return
  const clients = await admin.findClients(subscriptionClientId(''))
  const suspects = clients.filter((client) => isClientOf(client, uidOf(client)) && !isKnown(uidOf(client)))
  if (suspects.length === 0) return
  // Our copy may lag behind another leader's: only what the API server does not know is an orphan.
  const { items } = await parts.kubernetes.listAll(subscriptionKind, {
    namespace: namespaceOf(home.owner.name),
    signal,
  })
  const living = new Set(items.map((item) => subscriptionFacts.parse(item).metadata.uid))
  if (!doubts.believes(home.owner.uid, living.size, parts.clock.now())) {
    const fields = { tenant: home.owner.name, clients: suspects.length }
    parts.logger.warn(fields, 'no subscription is listed: its clients stay until a later look says the same')
    return
  }
  for (const client of suspects.filter((suspect) => !living.has(uidOf(suspect)))) {
    await admin.deleteClient(client.id)
    parts.logger.warn({ tenant: home.owner.name, client: client.clientId }, 'client without a subscription deleted')
  }
}

function uidOf({ attributes }: ClientRepresentation): string {
  return attributes[subscriptionAttribute] ?? ''
}
