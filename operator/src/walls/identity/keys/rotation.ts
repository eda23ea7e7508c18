import { priorities } from './components.ts'
import type { OtherKey, OwnKey, SeenSigningKeys } from './components.ts'

/** What a rotation is decided by. Times are in seconds. */
export interface RotationTerms {
  readonly now: number
  /** A key that signed for so long is replaced. */
  readonly rotateAfter: number
  /** How long a key is in the Tenant's status before it signs: every data plane has it by then. */
  readonly overlap: number
  /** How long an old key stays published: the longest life of what it signed. */
  readonly keep: number
  /** What somebody asked for; a change of it asks for a new key now. */
  readonly request: string
  /** Whether the Tenant's status holds exactly what the realm publishes. */
  readonly isToldOfAll: boolean
}

/** One write to one component. */
export type KeyStep =
  | { readonly kind: 'publish-key'; readonly key: Omit<OwnKey, 'id'> }
  | { readonly kind: 'change-key'; readonly key: OwnKey; readonly why: 'confirm' | 'promote' | 'retire' | 'disable' }
  /** One that is not of ours stops signing, and is published no longer than ours would be. */
  | { readonly kind: 'retire-other'; readonly key: OtherKey; readonly as: OwnKey }
  | { readonly kind: 'adopt-other'; readonly as: OwnKey }
  | { readonly kind: 'remove-key'; readonly id: string }

// Envoy holds them all: more than these wait for the old ones to go.
const maxKeys = 8

/**
 * What to do next about a realm's keys. One step at a time, each one write, and everything that decides is in Keycloak:
 * published (with a lower priority, so that it does not sign) → confirmed (the Tenant's status has it) → signing → retired
 * (published, signs no more) → disabled → removed.
 */
export function planRotation({ own, others }: SeenSigningKeys, terms: RotationTerms): readonly KeyStep[] {
  const alive = own.filter((key) => key.isEnabled && key.keepUntil === undefined)
  const signer = newest(alive.filter(({ isActive, priority }) => isActive && priority >= priorities.signing))
  if (signer === undefined) return [beginAgain(alive, others, terms)]
  const next = newest(alive.filter(({ createdAt, id }) => id !== signer.id && createdAt >= signer.createdAt))
  const old = alive.filter(({ id }) => id !== signer.id && id !== next?.id)
  return first([
    () => repair(signer, terms),
    () => old.map((key) => retire(key, terms))[0],
    () => others.map((key) => retireOther(key, terms))[0],
    () => (next === undefined ? undefined : advance(next, terms)),
    () => end(own, terms),
    () => (next === undefined && own.length < maxKeys ? begin(signer, terms) : undefined),
  ])
}

/** Whether somebody asked for a new key who has not got it yet. */
export function isRotationAsked({ own }: SeenSigningKeys, request: string): boolean {
  return request !== '-' && own.length > 0 && !own.some((key) => key.request === request)
}

function first(choices: readonly (() => KeyStep | undefined)[]): readonly KeyStep[] {
  for (const choose of choices) {
    const step = choose()
    if (step !== undefined) return [step]
  }
  return []
}

function newest(keys: readonly OwnKey[]): OwnKey | undefined {
  return keys.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))[0]
}

// A signer that nobody confirmed signs already: there is nothing to wait for.
function repair(signer: OwnKey, { now }: RotationTerms): KeyStep | undefined {
  if (signer.priority === priorities.signing && signer.confirmedAt !== undefined) return undefined
  const key = { ...signer, priority: priorities.signing, confirmedAt: signer.confirmedAt ?? now }
  return { kind: 'change-key', key, why: 'promote' }
}

// A realm from before there was an account of keys, or one whose keys somebody disabled.
function beginAgain(alive: readonly OwnKey[], others: readonly OtherKey[], { now, request }: RotationTerms): KeyStep {
  const signing = { priority: priorities.signing, isActive: true, isEnabled: true, confirmedAt: now }
  const key = newest(alive)
  if (key !== undefined) return { kind: 'change-key', key: { ...key, ...signing }, why: 'promote' }
  const fresh = { createdAt: now, keepUntil: undefined, request, ...signing }
  const other = others.find(({ isActive, isEnabled }) => isActive && isEnabled)
  if (other === undefined) return { kind: 'publish-key', key: fresh }
  return { kind: 'adopt-other', as: { ...fresh, id: other.id } }
}

function begin(signer: OwnKey, { now, rotateAfter, request }: RotationTerms): KeyStep | undefined {
  const isAsked = request !== '-' && request !== signer.request
  if (!isAsked && now - signer.createdAt < rotateAfter) return undefined
  const waiting = { priority: priorities.next, isActive: true, isEnabled: true }
  const key = { createdAt: now, confirmedAt: undefined, keepUntil: undefined, request, ...waiting }
  return { kind: 'publish-key', key }
}

function advance(next: OwnKey, { now, overlap, isToldOfAll }: RotationTerms): KeyStep | undefined {
  if (next.confirmedAt === undefined) {
    return isToldOfAll ? { kind: 'change-key', key: { ...next, confirmedAt: now }, why: 'confirm' } : undefined
  }
  if (now - next.confirmedAt < overlap) return undefined
  return { kind: 'change-key', key: { ...next, priority: priorities.signing }, why: 'promote' }
}

function retire(key: OwnKey, { now, keep }: RotationTerms): KeyStep {
  const retired = { ...key, isActive: false, priority: priorities.retired, keepUntil: now + keep }
  return { kind: 'change-key', key: retired, why: 'retire' }
}

function retireOther(key: OtherKey, { now, keep, request }: RotationTerms): KeyStep {
  const retired = { priority: priorities.retired, isActive: false, isEnabled: key.isEnabled }
  const told = { createdAt: now, confirmedAt: undefined, keepUntil: now + keep, request }
  return { kind: 'retire-other', key, as: { id: key.id, ...told, ...retired } }
}

function end(own: readonly OwnKey[], { now }: RotationTerms): KeyStep | undefined {
  const over = own.find(({ keepUntil }) => keepUntil !== undefined && now >= keepUntil)
  if (over === undefined) return undefined
  return over.isEnabled
    ? { kind: 'change-key', key: { ...over, isEnabled: false }, why: 'disable' }
    : { kind: 'remove-key', id: over.id }
}
