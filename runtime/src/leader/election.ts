// leader: one process of several may write, as long as it holds a Lease. It believes its own clocks only, counts its time
// shorter than others count it, and would rather lead no more than be the second one who does.
import { backoffMs } from '../backoff.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../kubernetes/fault.ts'
import type { KubeObject } from '../kubernetes/kind.ts'
import { isAborted, pause } from '../pause.ts'
import { freeLease, heldLease, leaseKind, newLease, recordOf } from './lease.ts'
import { LostLeadership } from './lost-leadership.ts'
import { createRival } from './rival.ts'
import type { Rival } from './rival.ts'
import { createElectionTelemetry } from './telemetry.ts'
import type { ElectionTelemetry } from './telemetry.ts'
import { createTenure } from './tenure.ts'
import type { Tenure } from './tenure.ts'
import type { Election, ElectionOptions, Term } from './types.ts'

/** Makes a candidate; it does nothing until it is run. Throws when the timings leave a leader no time. */
export function createElection(options: ElectionOptions): Election {
  const { leaseMs, renewDeadlineMs, retryMs } = options.timings
  if (!(retryMs > 0 && retryMs * 2 <= renewDeadlineMs && renewDeadlineMs < leaseMs)) {
    throw new Error('Cannot hold an election: want twice the retry <= the renew deadline < the lease')
  }
  return new Candidate(options)
}

const backoff = { baseMs: 2_000, maxMs: 60_000 }
const readTimeoutMs = 5_000

/** Has a life: it waits for the lease, leads, and waits again. */
class Candidate implements Election {
  readonly #options: ElectionOptions
  readonly #tenure: Tenure
  readonly #rival: Rival
  readonly #telemetry: ElectionTelemetry
  /** The lease as we last read or wrote it; undefined when it has to be read first. */
  #lease: KubeObject | undefined
  #holder: string | undefined

  constructor(options: ElectionOptions) {
    this.#options = options
    this.#tenure = createTenure(options.clock, options.timings.renewDeadlineMs)
    this.#rival = createRival(options.clock, options.timings.leaseMs)
    this.#telemetry = createElectionTelemetry(options.lease.name, options.logger, options.metrics)
  }

  leads(): boolean {
    return this.#tenure.remainingMs() > 0
  }

  holder(): string | undefined {
    return this.#holder
  }

  demand(doing: string): void {
    if (this.leads()) return
    this.#telemetry.refused()
    throw new LostLeadership(doing, `the lease "${this.#options.lease.name}" is not surely ours`)
  }

  async run(work: (term: Term) => Promise<void>): Promise<void> {
    const { clock, signal, random } = this.#options
    let faults = 0
    while (!signal.aborted) {
      let waitMs = this.#retryMs()
      if (await this.#tries(() => this.#acquire())) {
        const fault = await this.#serve(work)
        faults = fault === undefined ? 0 : faults + 1
        if (fault !== undefined) {
          waitMs = backoffMs(faults - 1, { ...backoff, random })
          this.#telemetry.termFailed(fault, waitMs)
        }
      }
      if (!isAborted(signal)) await pause(clock, waitMs, signal)
    }
  }

  /** Whether the attempt got us the lease; what it throws is told and means no. */
  async #tries(attempt: () => Promise<boolean>): Promise<boolean> {
    try {
      const isOurs = await attempt()
      this.#telemetry.worked()
      return isOurs
    } catch (error) {
      this.#lease = undefined // whether a write arrived is unknown: read again
      if (!isAborted(this.#options.signal)) this.#telemetry.failed(error)
      return false
    }
  }

  async #acquire(): Promise<boolean> {
    const { client, lease, signal } = this.#options
    const limits = { signal, timeoutMs: readTimeoutMs }
    const found = await client.find({ kind: leaseKind, ...lease }, limits)
    if (found === undefined) return this.#take(undefined)
    const record = recordOf(found)
    this.#holder = record.holder
    const isSilent = this.#rival.isSilent(record)
    if (isAborted(signal)) return false
    // Our own name: a write of ours arrived, and its answer did not.
    return isSilent || record.holder === this.#options.identity ? this.#take(found) : false
  }

  /** Writes our name over what was read; somebody else who was faster wins. */
  async #take(found: KubeObject | undefined): Promise<boolean> {
    try {
      await this.#write(found, this.#attemptMs())
      return true
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false
      throw error
    }
  }

  // A shutdown does not break it off: a lease that was taken and not known of would keep others waiting.
  async #write(found: KubeObject | undefined, timeoutMs: number): Promise<void> {
    const { client, clock, identity, lease, timings } = this.#options
    const sent = this.#tenure.moment()
    const write = { holder: identity, leaseMs: timings.leaseMs, nowMs: clock.now() }
    const written = await (found === undefined
      ? client.create(leaseKind, newLease(lease, write), { timeoutMs })
      : client.replace(leaseKind, heldLease(found, write), { timeoutMs }))
    this.#lease = written
    this.#holder = identity
    this.#tenure.confirm(sent)
    this.#telemetry.attempted(clock.steadyMs() - sent.steadyMs)
  }

  /** One term, from its beginning until `work` has ended and the lease is given back; says what `work` threw. */
  async #serve(work: (term: Term) => Promise<void>): Promise<Error | undefined> {
    const { signal, identity } = this.#options
    const [term, ended] = [new AbortController(), new AbortController()]
    const stop = (): void => term.abort(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    this.#telemetry.acquired()
    const renewing = this.#renewUntil(ended.signal, term)
    const fault = await faultOf(work({ holder: identity, signal: term.signal }), term.signal)
    ended.abort()
    signal.removeEventListener('abort', stop)
    await renewing
    await this.#release()
    return fault
  }

  /** Renews until `work` has ended, or until the lease is lost, which ends the term. Never rejects. */
  async #renewUntil(ended: AbortSignal, term: AbortController): Promise<void> {
    const { clock } = this.#options
    for (;;) {
      const isTime = await pause(clock, Math.min(this.#retryMs(), this.#tenure.remainingMs()), ended)
      if (!isTime) return
      const loss = this.leads() ? await this.#renew() : this.#overdue()
      if (loss === undefined) continue
      this.#tenure.end()
      this.#telemetry.ended('lost', loss)
      term.abort(loss)
      return
    }
  }

  /** Says why the lease is lost, when it surely is; else it may be tried again until the deadline. */
  async #renew(): Promise<LostLeadership | undefined> {
    try {
      await this.#writeOwn().catch((error: unknown) => {
        // Somebody wrote: into its metadata, or it is no longer ours.
        if (!isConflict(error)) throw error
        this.#lease = undefined
        return this.#writeOwn()
      })
      this.#telemetry.worked()
      return undefined
    } catch (error) {
      this.#lease = undefined // whether the write arrived is unknown: read what is there now
      if (error instanceof LostLeadership) return error
      if (isNotFound(error)) return new LostLeadership('go on leading', 'the lease was deleted')
      this.#telemetry.failed(error)
      return this.leads() ? undefined : this.#overdue()
    }
  }

  async #writeOwn(): Promise<void> {
    await this.#write(this.#lease ?? (await this.#readOwn()), this.#attemptMs())
  }

  async #readOwn(): Promise<KubeObject> {
    const { client, lease, identity } = this.#options
    const found = await client.find({ kind: leaseKind, ...lease }, { timeoutMs: this.#attemptMs() })
    const holder = found === undefined ? undefined : recordOf(found).holder
    if (found !== undefined && holder === identity) return found
    this.#holder = holder
    throw new LostLeadership('go on leading', `the lease is held by ${holder === undefined ? 'nobody' : `"${holder}"`}`)
  }

  #overdue(): LostLeadership {
    const { renewDeadlineMs } = this.#options.timings
    return new LostLeadership('go on leading', `the lease was not renewed within ${renewDeadlineMs} ms`)
  }

  /** Gives the lease back when it is still ours; if that fails it runs out by itself. */
  async #release(): Promise<void> {
    if (!this.leads()) return
    const { client, clock } = this.#options
    try {
      const found = this.#lease ?? (await this.#readOwn())
      // From here on nothing of ours may be written, whether or not this arrives.
      this.#tenure.end()
      await client.replace(leaseKind, freeLease(found, clock.now()), { timeoutMs: this.#attemptMs() })
      this.#holder = undefined
    } catch (error) {
      this.#telemetry.failed(error)
    }
    this.#tenure.end()
    this.#lease = undefined
    this.#telemetry.ended('released')
  }

  // Short enough for a second attempt before the deadline, over another connection.
  #attemptMs(): number {
    const halfMs = this.#options.timings.renewDeadlineMs / 2
    const remainingMs = this.#tenure.remainingMs()
    return remainingMs > 0 ? Math.min(halfMs, remainingMs) : halfMs
  }

  #retryMs(): number {
    return this.#options.timings.retryMs * (0.8 + 0.4 * this.#options.random())
  }
}

// What is thrown after the term's end is a way to end, not a fault.
async function faultOf(work: Promise<void>, signal: AbortSignal): Promise<Error | undefined> {
  try {
    await work
    return signal.aborted ? undefined : new Error('Cannot lead: the work ended by itself')
  } catch (error) {
    if (signal.aborted) return undefined
    return error instanceof Error ? error : new Error(String(error))
  }
}
