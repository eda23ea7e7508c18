// The search: any tenants side by side, understood as the control plane does, held against what must hold, and given to
// a real Envoy; what fails is made as small as it can be and still fail.
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { brokenInvariants } from './invariants.ts'
import { anyTenant } from './objects.ts'
import type { RawTenant } from './objects.ts'
import { spoiled } from './spoil.ts'
import type { DataPlane } from './testing/data-plane.ts'
import { understand } from './understand.ts'

export interface Search {
  readonly plane: DataPlane
  readonly seed: number
  /** Ends everything at once. */
  readonly signal: AbortSignal
  /** Whether it is time to end; what has failed by then is still made smaller. */
  readonly isOver: () => boolean
  /** Called after each case. */
  readonly onCase?: (so: Counts) => void
}

export interface Counts {
  readonly cases: number
  /** Tenants that a real Envoy has taken up. */
  readonly accepted: number
  /** Tools that could be called, and paths that refuse instead. */
  readonly forwarding: number
  readonly refusing: number
}

export interface Found {
  readonly words: string
  /** The smallest case that fails. */
  readonly tenants: readonly RawTenant[]
}

export interface Outcome extends Counts {
  readonly found: Found | undefined
}

// By the schema, spoiled, and either beside the other.
const tenants: Arbitrary<readonly RawTenant[]> = fc.tuple(
  anyTenant('a'),
  spoiled(anyTenant('b')),
  fc.oneof(anyTenant('c'), spoiled(anyTenant('c'))),
)
const casesABatch = 20
const shrinkingMs = 60_000

/** Tries cases until it is over or one fails. */
export async function search({ plane, seed, signal, isOver, onCase }: Search): Promise<Outcome> {
  const counts = { cases: 0, accepted: 0, forwarding: 0, refusing: 0 }
  let hasFailed = false
  const property = fc.asyncProperty(tenants, async (raws) => {
    if (signal.aborted || (!hasFailed && isOver())) return
    const { words, ...tried } = await attempt(plane, raws)
    hasFailed ||= words.length > 0
    if (words.length > 0) throw new Error(words.join('\n'))
    if (hasFailed) return // a smaller case, which does not fail any more
    counts.cases += 1
    counts.accepted += tried.accepted
    counts.forwarding += tried.forwarding
    counts.refusing += tried.refusing
    onCase?.(counts)
  })
  for (let batch = 0; !signal.aborted && !isOver(); batch += 1) {
    const options = { seed: seed + batch, numRuns: casesABatch, interruptAfterTimeLimit: shrinkingMs }
    const { counterexample, errorInstance } = await fc.check(property, options)
    if (counterexample === null) continue
    const words =
      errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance)
    return { ...counts, found: { words, tenants: counterexample[0] } }
  }
  return { ...counts, found: undefined }
}

interface Attempt extends Omit<Counts, 'cases'> {
  /** What should not be. */
  readonly words: readonly string[]
}

/** Tries one case: what it found wrong, and how much there was to look at. */
export async function attempt(plane: DataPlane, raws: readonly RawTenant[]): Promise<Attempt> {
  const understood = raws.map(understand).filter((each) => each !== undefined)
  const broken = brokenInvariants(understood)
  const groups = understood.map(({ group, resources }) => ({ name: group, resources }))
  const refused = broken.length > 0 ? [] : await plane.offer(groups)
  const status = await plane.askNeighbour()
  const beside = status === 200 ? [] : [`the neighbour answers ${status}`]
  const actions = understood.flatMap(({ built }) => built.model.routes.map(({ action }) => action.kind))
  return {
    words: [...broken, ...refused, ...beside],
    accepted: understood.length,
    forwarding: actions.filter((kind) => kind === 'forward').length,
    refusing: actions.filter((kind) => kind === 'refuse').length,
  }
}
