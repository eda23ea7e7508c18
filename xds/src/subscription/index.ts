// The protocol as a pure state machine, both variants: requests and changes in, responses out.
export { DiscoveryStream } from './discovery-stream.ts'
export type { DiscoveryStreamOptions, Handled } from './discovery-stream.ts'
export type * from './protocol.ts'
export { AGGREGATED_TYPES, ON_DEMAND_SECRETS, ownTypePolicy } from './resource-types.ts'
export type { TypePolicy } from './resource-types.ts'
export type { Window } from './type-subscription.ts'
