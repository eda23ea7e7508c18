import type { ComponentRepresentation, Fields } from '@bulkhead/identity'

export const registrationPolicyType = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy'
// It lets those register whose host is trusted, and trusts none: with or without a token, nobody registers a client.
const policy = {
  ...{ name: 'Bulkhead: nobody', providerId: 'trusted-hosts', providerType: registrationPolicyType },
  config: { 'host-sending-registration-request-must-match': ['true'], 'client-uris-must-match': ['true'] },
} as const
const subTypes = ['anonymous', 'authenticated'] as const

/** The policies by which no client registers itself, as a whole new realm names them. */
export function newRegistrationPolicies(): readonly Fields[] {
  return subTypes.map((subType) => {
    const { providerType: _providerType, ...fields } = policy
    return { ...fields, subType }
  })
}

// Keycloak keeps a list that is not sent.
const nobody = { 'trusted-hosts': [] }

/** The policies that are missing or were changed, each with the id of the one to be changed. */
export function registrationDrift(components: readonly ComponentRepresentation[]): readonly PolicyRepair[] {
  return subTypes.flatMap((subType): readonly PolicyRepair[] => {
    const found = components.find((one) => {
      return one.providerType === registrationPolicyType && one.name === policy.name && one.subType === subType
    })
    const isAsWanted =
      found?.providerId === policy.providerId &&
      Object.entries(policy.config).every(([key, value]) => found.config[key]?.join() === value.join()) &&
      (found.config['trusted-hosts'] ?? []).length === 0
    return isAsWanted
      ? []
      : [{ id: found?.id, fields: { ...policy, subType, config: { ...policy.config, ...nobody } } }]
  })
}

export interface PolicyRepair {
  /** Undefined: there is none. */
  readonly id: string | undefined
  readonly fields: Fields
}
