import type { SeenFederation } from './observe.ts'
import { isOwnProvider, isProviderAsWanted } from './provider.ts'
import type { WantedProvider } from './provider.ts'

export type FederationStep =
  | { readonly kind: 'create-provider' | 'update-provider'; readonly provider: WantedProvider }
  | { readonly kind: 'delete-provider' | 'clear-provider-mappers'; readonly alias: string }

/** What makes the providers of ours what they should be; those of others are left alone. */
export function planFederation({ instances, wanted, kept }: SeenFederation): readonly FederationStep[] {
  const own = instances.filter(isOwnProvider)
  const asked = new Set([...wanted.map(({ alias }) => alias), ...kept])
  const gone = own.filter(({ alias }) => !asked.has(alias))
  return [
    ...gone.map(({ alias }) => ({ kind: 'delete-provider', alias }) as const),
    // A mapper could give roles to whoever comes from there: ours have none.
    ...own
      .filter(({ alias, mappers }) => mappers > 0 && asked.has(alias))
      .map(({ alias }) => ({ kind: 'clear-provider-mappers', alias }) as const),
    ...wanted.flatMap((provider): readonly FederationStep[] => {
      const seen = own.find(({ alias }) => alias === provider.alias)
      if (seen === undefined) return [{ kind: 'create-provider', provider }]
      return isProviderAsWanted(provider, seen) ? [] : [{ kind: 'update-provider', provider }]
    }),
  ]
}
