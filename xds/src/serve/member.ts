// Whom a call belongs to: decided by its certificate before a byte of it is read.
import { status } from '@grpc/grpc-js'
import type { Fleet } from '../fleet/index.ts'
import type { NodeName } from '../subscription/index.ts'
import type { Call, Ending } from './discovery-call.ts'
import { spiffeIdOf } from './identity.ts'
import type { Identity, IdentityOf } from './identity.ts'

/** A call of any kind, as far as it says who made it. */
export type Caller = Pick<Call, 'getAuthContext' | 'getPeer'>

/** Somebody who may open streams. */
export interface Member extends Pick<Identity, 'role'> {
  /** What counts as one when streams are counted. */
  readonly id: string
  /** When its certificate is no longer valid. */
  readonly expiresAtMs: number
  /** Whose snapshot a stream with such a node gets, or why none. */
  readonly fleetFor: (node: NodeName | undefined) => Fleet | Ending
}

export interface MemberOptions {
  readonly identityOf: IdentityOf
  readonly fleetOf: (fleet: string) => Fleet | undefined
}

/** Who made a call; undefined: nobody who may see anything. */
export function memberOf(call: Caller, { identityOf, fleetOf }: MemberOptions): Member | undefined {
  const certificate = call.getAuthContext().sslPeerCertificate
  const id = spiffeIdOf(certificate?.subjectaltname)
  const identity = id === undefined ? undefined : identityOf(id)
  const fleet = identity === undefined ? undefined : fleetOf(identity.fleet)
  if (id === undefined || identity === undefined || fleet === undefined) return undefined
  const fleetFor = (node: NodeName | undefined) => refusalOf(node, identity) ?? fleet
  return { id, role: identity.role, expiresAtMs: Date.parse(certificate?.valid_to ?? ''), fleetFor }
}

function refusalOf(node: NodeName | undefined, { fleet }: Identity): Ending | undefined {
  if (node === undefined || node.id === '' || node.cluster === fleet) return undefined
  const details = `Cannot serve cluster "${node.cluster}" to this certificate: node.cluster must be its fleet`
  return { code: status.PERMISSION_DENIED, details }
}
