// The delta protocol as a pure state machine: requests and changes in, responses out, tenants unknown.
export { DeltaStream } from './delta-stream.ts'
export type { DeltaStreamOptions, Handled } from './delta-stream.ts'
export type * from './protocol.ts'
export { AGGREGATED_TYPES, ON_DEMAND_SECRETS } from './resource-types.ts'
export type { TypePolicy } from './resource-types.ts'
export type { Window } from './type-subscription.ts'
