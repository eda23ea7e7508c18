import type { Problem, Subscription, Tenant } from '@bulkhead/crds'
import { subscriptionClientId } from '@bulkhead/tenancy'

/** The client by which a subscription is known, or why there is none. */
export type ClientOutcome =
  | { readonly kind: 'known'; readonly clientId: string }
  /** It names a client of the tenant's own issuer that an older subscription has. */
  | { readonly kind: 'taken'; readonly problem: Problem }
  | { readonly kind: 'refused'; readonly problem: Problem }

type IdentityType = Tenant['spec']['identity']['type']

const field = 'spec.credentials.clientID'

/**
 * Gives each subscription its client, oldest first. In a realm it derives from the uid, so that nobody can name
 * another's; at an issuer of the tenant's own the subscription names it, and the oldest one has it.
 */
export function clientsOf(
  type: IdentityType,
  oldestFirst: readonly Subscription[],
): ReadonlyMap<string, ClientOutcome> {
  const taken = new Set<string>()
  return new Map(
    oldestFirst.map(({ metadata, spec }) => {
      const { clientID } = spec.credentials
      const outcome = type === 'Realm' ? inRealm(metadata.uid, clientID) : atIssuer(clientID, taken)
      if (outcome.kind === 'known') taken.add(outcome.clientId)
      return [metadata.uid, outcome]
    }),
  )
}

function inRealm(uid: string, clientID: string | undefined): ClientOutcome {
  if (clientID === undefined) return { kind: 'known', clientId: subscriptionClientId(uid) }
  return refuse('clientID is only for a tenant whose identity is External')
}

function atIssuer(clientID: string | undefined, taken: ReadonlySet<string>): ClientOutcome {
  if (clientID === undefined) return refuse('clientID is needed where the identity of the tenant is External')
  if (!taken.has(clientID)) return { kind: 'known', clientId: clientID }
  return {
    kind: 'taken',
    problem: { reason: 'Conflict', field, message: `client "${clientID}" has an older subscription` },
  }
}

function refuse(message: string): ClientOutcome {
  return { kind: 'refused', problem: { reason: 'InvalidSpec', field, message } }
}
