// The streams of one fleet: what each may see of the snapshot, in which order and whose turn it is, and what they made of it.
export type { Programmed, Refusal } from './acknowledgement.ts'
export { Fleet } from './fleet.ts'
export type { AcknowledgementChange, AttachedStream } from './fleet.ts'
export { FleetStream } from './fleet-stream.ts'
export type { FleetStreamOptions } from './fleet-stream.ts'
