// A Lease of coordination.k8s.io: what stands in it, and what we write into it. Its times are for people; nobody compares
// them with a clock of their own.
import { z } from 'zod'
import type { KubeBody } from '../kubernetes/kube-client.ts'
import type { KubeKind, KubeObject } from '../kubernetes/kind.ts'

export const leaseKind: KubeKind = {
  ...{ group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true },
}

const spec = z.object({
  holderIdentity: z.string().nullish(),
  leaseDurationSeconds: z.number().nullish(),
  acquireTime: z.string().nullish(),
  renewTime: z.string().nullish(),
  leaseTransitions: z.number().nullish(),
})

/** What a Lease says, as far as an election needs it. */
export interface LeaseRecord {
  /** Undefined when it was given back. */
  readonly holder: string | undefined
  readonly durationMs: number
  readonly acquireTime: string | undefined
  readonly transitions: number
  /** Changes with every renewal, and with nothing else. */
  readonly beat: string
}

/** Reads a Lease; one without a usable spec is held by nobody. */
export function recordOf(lease: KubeObject): LeaseRecord {
  const parsed = spec.safeParse(lease['spec'])
  const fields = parsed.success ? parsed.data : {}
  const { holderIdentity: holder, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = fields
  return {
    holder: holder === null || holder === '' ? undefined : holder,
    durationMs: (leaseDurationSeconds ?? 0) * 1000,
    acquireTime: acquireTime ?? undefined,
    transitions: leaseTransitions ?? 0,
    beat: JSON.stringify([holder, acquireTime, renewTime, leaseTransitions]),
  }
}

export interface LeaseWrite {
  readonly holder: string
  readonly leaseMs: number
  readonly nowMs: number
}

/** The first Lease of its name. */
export function newLease(at: { readonly namespace: string; readonly name: string }, write: LeaseWrite): KubeBody {
  return { metadata: at, spec: specOf(write, microTime(write.nowMs), 0) }
}

/** The same Lease, taken or renewed; it can only be written where `lease` is still the newest. */
export function heldLease(lease: KubeObject, write: LeaseWrite): KubeBody {
  const { holder, acquireTime, transitions } = recordOf(lease)
  const isRenewal = holder === write.holder
  const since = isRenewal ? (acquireTime ?? microTime(write.nowMs)) : microTime(write.nowMs)
  return { ...lease, spec: specOf(write, since, isRenewal ? transitions : transitions + 1) }
}

/** The same Lease without a holder. */
export function freeLease(lease: KubeObject, nowMs: number): KubeBody {
  const { transitions } = recordOf(lease)
  return { ...lease, spec: { renewTime: microTime(nowMs), leaseTransitions: transitions } }
}

function specOf({ holder, leaseMs, nowMs }: LeaseWrite, acquireTime: string, leaseTransitions: number): object {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.ceil(leaseMs / 1000)),
    acquireTime,
    renewTime: microTime(nowMs),
    leaseTransitions,
  }
}

// metav1.MicroTime wants six digits.
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
