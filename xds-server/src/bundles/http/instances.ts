import { parseRevision, reaches } from '../content/revision.ts'

/** One OPA of the fleet, as far as it has told. */
export interface OpaInstance {
  readonly id: string
  /** The bundle that it decides by; undefined before its first one. */
  readonly revision: string | undefined
  readonly problem: string | undefined
}

export interface StartedPoll {
  readonly instance: OpaInstance
  readonly isNews: boolean
  readonly ended: (nowMs: number) => void
}

interface Seen {
  revision: string | undefined
  problem: string | undefined
  openPolls: number
  /** Only an OPA that says who it is when it polls can be missed as soon as it stops. */
  pollsByName: boolean
  lastSeenMs: number
}

export interface InstancesOptions {
  /** An OPA that polls by name and has not waited for a bundle for so long is gone. */
  readonly pollGraceMs: number
  /** The same for one that is known by its reports alone. */
  readonly reportGraceMs: number
  readonly maxInstances: number
}

/** Which OPAs there are and what each holds. Time is passed in. */
export class Instances {
  readonly #options: InstancesOptions
  readonly #seen = new Map<string, Seen>()

  constructor(options: InstancesOptions) {
    this.#options = options
  }

  /**
   * An OPA asks for a bundle, naming the one that it decides by (it keeps the tag of the last one that it took up).
   * Call `ended` when the request is over.
   */
  pollStarted(id: string, revision: string | undefined, nowMs: number): StartedPoll {
    const seen = this.#see(id, nowMs)
    const isNews = !seen.pollsByName || seen.revision !== revision
    seen.openPolls += 1
    seen.pollsByName = true
    seen.revision = revision
    const ended = (endMs: number): void => {
      seen.openPolls -= 1
      seen.lastSeenMs = endMs
    }
    return { instance: { id, revision, problem: seen.problem }, isNews, ended }
  }

  /** An OPA reports its state; true when that is news. */
  reported(instance: OpaInstance, nowMs: number): boolean {
    const isNew = !this.#seen.has(instance.id)
    const seen = this.#see(instance.id, nowMs)
    // A report that was on its way while its OPA took up a bundle says "none"; the tag of its last poll knows better.
    const revision = instance.revision ?? (seen.pollsByName ? seen.revision : undefined)
    const isNews = isNew || seen.revision !== revision || seen.problem !== instance.problem
    seen.revision = revision
    seen.problem = instance.problem
    return isNews
  }

  /** True when this OPA's latest report was of a failure. */
  hasProblem(id: string | undefined): boolean {
    return id !== undefined && this.#seen.get(id)?.problem !== undefined
  }

  connected(nowMs: number): readonly OpaInstance[] {
    return [...this.#seen]
      .filter(([, seen]) => this.#isConnected(seen, nowMs))
      .map(([id, { revision, problem }]) => ({ id, revision, problem }))
  }

  #isConnected({ openPolls, pollsByName, lastSeenMs }: Seen, nowMs: number): boolean {
    const graceMs = pollsByName ? this.#options.pollGraceMs : this.#options.reportGraceMs
    return openPolls > 0 || nowMs - lastSeenMs <= graceMs
  }

  #see(id: string, nowMs: number): Seen {
    const seen = this.#seen.get(id) ?? newlySeen()
    seen.lastSeenMs = nowMs
    // Set again, so that the map is in the order of the last sign of life.
    this.#seen.delete(id)
    this.#seen.set(id, seen)
    if (this.#seen.size > this.#options.maxInstances) this.#forgetOldest()
    return seen
  }

  #forgetOldest(): void {
    for (const [id, seen] of this.#seen) {
      if (seen.openPolls > 0) continue
      this.#seen.delete(id)
      return
    }
  }
}

function newlySeen(): Seen {
  return { revision: undefined, problem: undefined, openPolls: 0, pollsByName: false, lastSeenMs: 0 }
}

/** True when this OPA decides by that revision or a later state of the data. */
export function holds(instance: OpaInstance, revision: string): boolean {
  const held = instance.revision === undefined ? undefined : parseRevision(instance.revision)
  const wanted = parseRevision(revision)
  return held !== undefined && wanted !== undefined && reaches(held, wanted)
}
