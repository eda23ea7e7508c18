import type { SubscriptionFacts } from '../../facts.ts'

type Named = Pick<SubscriptionFacts, 'metadata' | 'spec'>

/** The other Subscriptions of a namespace that name the same client of the tenant's own issuer. */
export function rivalsOf<S extends Named>(all: readonly S[], { metadata, spec }: Named): readonly S[] {
  const clientID = spec.credentials?.clientID
  if (clientID === undefined) return []
  return all.filter((other) => other.metadata.uid !== metadata.uid && other.spec.credentials?.clientID === clientID)
}

/** Whether an older one names the client: the oldest has it, and the data plane judges likewise. */
export function isClientTaken(all: readonly Named[], subscription: Named): boolean {
  return rivalsOf(all, subscription).some(
    (other) => other.metadata.deletionTimestamp === undefined && age(other) < age(subscription),
  )
}

function age({ metadata }: Named): string {
  return `${metadata.creationTimestamp} ${metadata.uid}`
}
