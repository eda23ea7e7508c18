import type { Clock } from './clock.ts'
import { endProcess, lastLines, launch, sendSignal, waitForEnd } from './launch.ts'
import { startOrder } from './order.ts'
import type { Part, PartName } from './part.ts'
import { hotPath } from './part.ts'
import { isRunning, residentBytes } from './process-info.ts'
import type { PartProcess } from './state.ts'
import { readStateNow, writeState } from './state.ts'
import type { PartState } from './table.ts'

const probePauseMs = 100
const probeTimeoutMs = 2_000
// Whoever waits reads a line at least this often.
const wordEveryMs = 10_000
const backgroundNiceness = 5

/** What the supervisor needs from outside. */
export interface SupervisorSettings {
  readonly parts: readonly Part[]
  /** Exists already; other processes may look after the same parts through it. */
  readonly stateFile: string
  readonly logFileOf: (name: PartName) => string
  readonly path: string
  readonly clock: Clock
  readonly log: (line: string) => void
}

/** A part that could not be started; its message names the part, the reason, the log file and its last lines. */
export class PartFault extends Error {
  readonly part: PartName
  constructor(part: PartName, message: string, cause: unknown) {
    super(message, { cause })
    this.part = part
  }
}

/** Starts, watches and stops parts, and remembers every process in the state file before anything else happens. */
export class Supervisor {
  readonly #settings: SupervisorSettings
  readonly #parts: ReadonlyMap<PartName, Part>
  readonly #startedHere = new Set<PartName>()
  readonly #ends = new Map<number, string>()
  readonly #elapsedMs = new Map<PartName, number>()

  constructor(settings: SupervisorSettings) {
    this.#settings = settings
    this.#parts = new Map(settings.parts.map((part) => [part.name, part]))
  }

  /** How long each part that this supervisor started took until it was ready. */
  get elapsedMs(): ReadonlyMap<PartName, number> {
    return this.#elapsedMs
  }

  /** The recorded process of a part, whether it still runs or not. */
  processOf(name: PartName): PartProcess | undefined {
    return readStateNow(this.#settings.stateFile).parts[name]
  }

  /** Starts every part that does not run, each as soon as what it needs is ready; throws the first failure. */
  async startAll(signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const both = AbortSignal.any([signal, stop.signal])
    const ready = new Map<PartName, Promise<void>>()
    for (const part of startOrder(this.#settings.parts)) {
      const needs = part.needs.map((need) => ready.get(need) ?? Promise.resolve())
      const begun = Promise.all(needs).then(() => this.#bringUp(part, both))
      begun.catch(() => stop.abort())
      ready.set(part.name, begun)
    }
    const results = await Promise.allSettled(ready.values())
    signal.throwIfAborted()
    const faults = results.flatMap((one): readonly unknown[] => (one.status === 'rejected' ? [one.reason] : []))
    const first = faults.find((fault) => fault instanceof PartFault) ?? faults[0]
    if (first instanceof Error) throw first
    for (const { name } of this.#settings.parts) {
      if (!(await this.#isAlive(name))) throw await this.#partFault(name, new Error('it was ready, and then it ended'))
    }
  }

  /** Starts one part again, whatever the others do. */
  async start(name: PartName, signal: AbortSignal): Promise<void> {
    await this.#bringUp(this.#partOf(name), signal)
  }

  /** Stops one part; `status` then says stopped. */
  async stop(name: PartName): Promise<void> {
    const recorded = this.processOf(name)
    if (recorded === undefined) return
    this.#remember(name, { ...recorded, ending: true })
    await endProcess(recorded, this.#partOf(name).stop, this.#settings.clock)
    this.#remember(name, undefined)
  }

  /** Sends any signal to a part; after SIGKILL it is gone when this resolves, and `status` says died. */
  async kill(name: PartName, signal: NodeJS.Signals): Promise<void> {
    const recorded = this.processOf(name)
    if (recorded === undefined) throw new Error(`Cannot send ${signal} to ${name}: it is not running`)
    if (signal === 'SIGKILL') this.#remember(name, { ...recorded, ending: true })
    if (!(await sendSignal(recorded, signal))) throw new Error(`Cannot send ${signal} to ${name}: it has ended`)
    if (signal === 'SIGKILL') await waitForEnd(recorded, 10_000, this.#settings.clock)
  }

  /** Stops parts in reverse order, each after everything that needs it; all of them, or those started here. */
  async stopAll(which: 'all' | 'started here'): Promise<void> {
    const stopped = new Map<PartName, Promise<void>>()
    for (const part of [...startOrder(this.#settings.parts)].reverse()) {
      const users = this.#settings.parts.filter((other) => other.needs.includes(part.name))
      const before = users.map((user) => stopped.get(user.name) ?? Promise.resolve())
      const mine = which === 'all' || this.#startedHere.has(part.name)
      stopped.set(
        part.name,
        Promise.all(before).then(() => (mine ? this.#stopAndSay(part.name) : undefined)),
      )
    }
    const results = await Promise.allSettled(stopped.values())
    const faults = results.flatMap((one): readonly unknown[] => (one.status === 'rejected' ? [one.reason] : []))
    if (faults.length > 0) throw new Error(`Cannot stop every part: ${faults.map(String).join('; ')}`)
  }

  /** Looks at every part now. */
  async states(): Promise<readonly PartState[]> {
    return Promise.all(this.#settings.parts.map((part) => this.#look(part)))
  }

  async #stopAndSay(name: PartName): Promise<void> {
    const began = this.#settings.clock.now()
    if (this.processOf(name) === undefined) return
    await this.stop(name)
    this.#settings.log(`${name} stopped (${seconds(this.#settings.clock.now() - began)})`)
  }

  async #bringUp(part: Part, signal: AbortSignal): Promise<void> {
    const began = this.#settings.clock.now()
    try {
      const wasRunning = await this.#ensureRunning(part, signal)
      if (wasRunning) return
      const elapsedMs = this.#settings.clock.now() - began
      this.#elapsedMs.set(part.name, elapsedMs)
      this.#settings.log(`${part.name} ready (${seconds(elapsedMs)})`)
    } catch (fault) {
      if (signal.aborted) throw fault
      throw await this.#partFault(part.name, fault)
    }
  }

  async #ensureRunning(part: Part, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    const wasRunning = await this.#isAlive(part.name)
    if (!wasRunning) await this.#launch(part, signal)
    await this.#waitUntilReady(part, signal)
    await part.settle(signal)
    return wasRunning
  }

  async #isAlive(name: PartName): Promise<boolean> {
    const recorded = this.processOf(name)
    return recorded !== undefined && (await isRunning(recorded))
  }

  async #launch(part: Part, signal: AbortSignal): Promise<void> {
    const { clock, path, log } = this.#settings
    await part.prepare(signal)
    signal.throwIfAborted()
    const niceness = hotPath.includes(part.name) ? 0 : backgroundNiceness
    const launched = await launch(part.command(), { logFile: this.#settings.logFileOf(part.name), path, niceness })
    this.#startedHere.add(part.name)
    this.#remember(part.name, { ...launched.id, startedAt: new Date(clock.now()).toISOString() })
    void launched.ended.then((how) => {
      this.#ends.set(launched.id.pid, how)
      if (!this.#isExpectedEnd(part.name, launched.id.pid)) {
        log(`${part.name} died (${how}), see ${this.#settings.logFileOf(part.name)}`)
      }
    })
  }

  // Another process may have stopped the part, or even removed the whole instance.
  #isExpectedEnd(name: PartName, pid: number): boolean {
    try {
      const recorded = this.processOf(name)
      return recorded?.pid !== pid || recorded.ending === true
    } catch {
      return true
    }
  }

  async #waitUntilReady(part: Part, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#settings
    const began = clock.now()
    const deadline = began + part.readyTimeoutMs
    let nextWordAt = began + wordEveryMs
    for (;;) {
      const missing = await probeOnce(part, signal)
      signal.throwIfAborted()
      const recorded = this.processOf(part.name)
      if (recorded === undefined || !(await isRunning(recorded))) {
        throw new Error(`it ended (${this.#ends.get(recorded?.pid ?? 0) ?? 'nobody saw how'})`)
      }
      if (missing === undefined) return
      if (clock.now() > deadline) {
        throw new Error(`it was not ready after ${seconds(part.readyTimeoutMs)}: ${missing}`)
      }
      if (clock.now() > nextWordAt) {
        log(`… ${part.name}: not ready after ${seconds(clock.now() - began)}`)
        nextWordAt += wordEveryMs
      }
      await clock.wait(probePauseMs, signal)
    }
  }

  async #look(part: Part): Promise<PartState> {
    const recorded = this.processOf(part.name)
    const base = { name: part.name, version: part.version, port: part.port }
    const gone = { ...base, pid: undefined, memoryBytes: 0 }
    if (recorded === undefined) return { ...gone, state: 'stopped', detail: '' }
    if (!(await isRunning(recorded))) {
      return { ...gone, state: 'died', detail: `see ${this.#settings.logFileOf(part.name)}` }
    }
    const missing = await probeOnce(part, new AbortController().signal)
    const memoryBytes = await residentBytes(recorded.pid)
    const state = missing === undefined ? 'ready' : 'running'
    return { ...base, pid: recorded.pid, memoryBytes, state, detail: missing ?? '' }
  }

  async #partFault(name: PartName, fault: unknown): Promise<PartFault> {
    if (fault instanceof PartFault) return fault
    const file = this.#settings.logFileOf(name)
    const lines = (await lastLines(file, 15)).map((line) => `  | ${line.slice(0, 400)}`)
    const reason = fault instanceof Error ? fault.message : String(fault)
    return new PartFault(
      name,
      [`Cannot start ${name}: ${reason}`, `Last lines of ${file}:`, ...lines].join('\n'),
      fault,
    )
  }

  #partOf(name: PartName): Part {
    const part = this.#parts.get(name)
    if (part === undefined) throw new Error(`${name} is not a part of this platform`)
    return part
  }

  #remember(name: PartName, recorded: PartProcess | undefined): void {
    const state = readStateNow(this.#settings.stateFile)
    const { [name]: _old, ...others } = state.parts
    const parts = recorded === undefined ? others : { ...others, [name]: recorded }
    writeState(this.#settings.stateFile, { ...state, parts })
  }
}

async function probeOnce(part: Part, signal: AbortSignal): Promise<string | undefined> {
  try {
    await part.probe(AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]))
    return undefined
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault)
  }
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`
}
