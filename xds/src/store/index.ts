// The snapshot that is served: content-addressed resources by group, what streams accepted of them, and in which
// order each stream may see them.
export type { Programmed, Refusal } from './acknowledgement.ts'
export { Fleet } from './fleet.ts'
export type { AcknowledgementChange, AttachedStream } from './fleet.ts'
export { FleetStream } from './fleet-stream.ts'
export type { FleetStreamOptions } from './fleet-stream.ts'
export { StreamView } from './stream-view.ts'
export { Store } from './store.ts'
export type { Change } from './store.ts'
export type { Resources } from './group.ts'
export { keyOf } from './references.ts'
