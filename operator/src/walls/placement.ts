import type { Placement } from '@bulkhead/database'
import { failed } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

/** Where one of a tenant's walls is to stand, for life. */
export type WantedPlacement =
  | Placement
  /** It stands where the configuration does not lead any more. */
  | { readonly kind: 'missing'; readonly shard: string }
  /** Nobody asked yet. */
  | { readonly kind: 'open' }
  /** It could not be asked. */
  | { readonly kind: 'unavailable'; readonly error: unknown }

export interface PlacedThing {
  /** What holds it: `Keycloak`. */
  readonly server: string
  /** What is held: `realm`. */
  readonly thing: string
  /** Where the wish stands in the object. */
  readonly field: string
}

/** The verdict on a wall that stands nowhere that we can reach; undefined when it is placed, or nobody knows. */
export function judgePlacement(placement: WantedPlacement, { server, thing, field }: PlacedThing): Verdict | undefined {
  switch (placement.kind) {
    case 'unknown':
      return failed('ShardUnknown', `${field}: there is no ${server} "${placement.shard}"`)
    case 'missing':
      return failed(
        'ShardUnknown',
        `The ${thing} is on ${server} "${placement.shard}", which the platform's configuration does not name any more: nothing is done to it`,
      )
    case 'full': {
      const what = placement.shard === undefined ? `Every ${server}` : `${server} "${placement.shard}"`
      return failed('ShardFull', `${what} holds as many ${thing}s as it may; the tenant is placed when there is room`)
    }
    case 'placed':
    case 'open':
    case 'unavailable':
      return undefined
  }
}
