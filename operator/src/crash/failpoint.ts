import type { Database } from '@bulkhead/database'
import { effectOf } from './effects.ts'
import type { Names } from './effects.ts'
import type { Rider, Verdict } from './wire.ts'

/** Where a process dies: before a write, which then never happens; or after it, and nobody hears its answer. */
export interface Failpoint {
  /** A name, and the how-manieth of that name it is. */
  readonly effect: string
  readonly when: 'before' | 'after'
}

/** What a process that is dead throws at whoever still asks something of it. */
export class Crash extends Error {
  override readonly name = 'Crash'
}

/** Sees every write of one process, and ends the process where it is told. */
export interface Watcher extends Rider {
  /** The same database, whose transactions are writes. What only reads is none. */
  database(database: Database): Database
  /** What was written so far, in order. */
  readonly effects: readonly string[]
  hasDied(): boolean
}

/** Makes a watcher; `die` is called once, when the failpoint is reached. */
export function createWatcher(names: Names, failpoint: Failpoint | undefined, die: (crash: Crash) => void): Watcher {
  const effects: string[] = []
  const counts = new Map<string, number>()
  let crash: Crash | undefined
  const end = (): void => {
    crash = new Crash(`The process died ${failpoint?.when ?? ''} ${failpoint?.effect ?? ''}`)
    die(crash)
  }
  // Gives whether the process dies here.
  const note = (name: string): boolean => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    const effect = `${name} #${count}`
    effects.push(effect)
    return effect === failpoint?.effect
  }
  const ask = (): void => {
    if (crash !== undefined) throw crash
  }
  return {
    effects,
    hasDied: () => crash !== undefined,
    judge: (call): Verdict => {
      if (crash !== undefined) return { kind: 'refuse' }
      const name = effectOf(call, names)
      if (name === undefined || !note(name)) return { kind: 'pass' }
      end()
      return { kind: failpoint?.when === 'before' ? 'refuse' : 'lose' }
    },
    database: (database) => ({
      ...database,
      read: async (call, signal, work) => {
        ask()
        return database.read(call, signal, work)
      },
      transaction: async (call, signal, work) => {
        ask()
        const isHere = note(`postgres ${call}`)
        if (isHere && failpoint?.when === 'before') end()
        ask()
        const result = await database.transaction(call, signal, work)
        if (isHere) end()
        // A process that died meanwhile hears nothing of it.
        ask()
        return result
      },
    }),
  }
}
