import type { RealmAdmin } from '@bulkhead/identity'
import type { FederationStep } from './plan.ts'
import type { WantedProvider } from './provider.ts'

const kinds: readonly string[] = ['create-provider', 'update-provider', 'delete-provider', 'clear-provider-mappers']

/** Whether a step is about a provider. */
export function isFederationStep<S extends { readonly kind: string }>(step: S): step is Extract<S, FederationStep> {
  return kinds.includes(step.kind)
}

export function applyFederationStep(admin: RealmAdmin, step: FederationStep): Promise<void> {
  switch (step.kind) {
    case 'create-provider':
      return admin.createIdentityProvider(withSecret(step.provider))
    case 'update-provider':
      return admin.updateIdentityProvider(step.provider.alias, withSecret(step.provider))
    case 'delete-provider':
      return admin.deleteIdentityProvider(step.alias)
    case 'clear-provider-mappers':
      return admin.removeProviderMappers(step.alias)
  }
}

function withSecret({ fields, secret }: WantedProvider) {
  return { ...fields, config: { ...fields.config, clientSecret: secret.reveal() } }
}
