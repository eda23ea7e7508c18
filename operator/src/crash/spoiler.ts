import type { Database } from '@bulkhead/database'
import type { PostgresFault } from '@bulkhead/database/testing-faults'
import type { Spoiling } from './answers.ts'
import { effectOf, loginOf, readOf } from './effects.ts'
import type { Names, WireCall } from './effects.ts'
import type { Rider, Verdict } from './wire.ts'

/** Stands in the way of one process that lives on, and spoils what it is told to. */
export interface Spoiler extends Rider {
  database(database: Database): Database
  /** What was written so far, in order. */
  readonly effects: readonly string[]
  /** What was looked at so far, but for Postgres. */
  readonly reads: ReadonlySet<string>
  /** What was spoiled so far. */
  readonly spoiled: ReadonlySet<string>
  /** Lets everything go that is held back; resolves when it was done. */
  release(): Promise<void>
}

export type Spoils =
  | { readonly kind: 'nothing' }
  /** Each write, when it comes for the first time. */
  | { readonly kind: 'writes'; readonly how: Spoiling }
  /** Likewise: it arrives only when it is sent for the second time, and before that one. */
  | { readonly kind: 'late writes' }
  /** Each transaction that writes, when it comes for the first time. */
  | { readonly kind: 'transactions'; readonly how: PostgresFault }
  /** Each read and each login, when it comes for the first time. */
  | { readonly kind: 'reads'; readonly how: Spoiling }
  /** Each transaction that only reads, likewise. */
  | { readonly kind: 'looks'; readonly how: PostgresFault }
  /** One read, whenever it comes. */
  | { readonly kind: 'read'; readonly read: string; readonly how: Spoiling }

export function createSpoiler(names: Names, spoils: Spoils): Spoiler {
  const effects: string[] = []
  const spoiled = new Set<string>()
  const reads = new Set<string>()
  const held = createHeld()
  const isFirst = (name: string): boolean => {
    if (spoiled.has(name)) return false
    spoiled.add(name)
    return true
  }
  const judgeWrite = (name: string, call: WireCall): Verdict => {
    if (spoils.kind === 'writes') return isFirst(name) ? spoils.how.verdictOf(call) : { kind: 'pass' }
    if (spoils.kind !== 'late writes') return { kind: 'pass' }
    return isFirst(name) ? held.hold(name) : { kind: 'pass', after: held.release(name) }
  }
  const judgeRead = (read: string, call: WireCall): Verdict => {
    reads.add(read)
    if (spoils.kind === 'reads' && isFirst(read)) return spoils.how.verdictOf(call)
    if (spoils.kind !== 'read' || read !== spoils.read) return { kind: 'pass' }
    spoiled.add(read)
    return spoils.how.verdictOf(call)
  }
  return {
    ...{ effects, reads, spoiled },
    release: () => held.releaseAll(),
    judge: (call) => {
      const name = effectOf(call, names)
      if (name !== undefined) {
        effects.push(name)
        return judgeWrite(name, call)
      }
      const read = readOf(call, names)
      if (read !== undefined) return judgeRead(read, call)
      const login = loginOf(call, names)
      return login !== undefined && spoils.kind === 'reads' && isFirst(login)
        ? spoils.how.verdictOf(call)
        : { kind: 'pass' }
    },
    database: (database) => ({
      ...database,
      read: (call, signal, work) => {
        if (spoils.kind !== 'looks' || !isFirst(`postgres ${call}`)) return database.read(call, signal, work)
        const reading: Database = { ...database, transaction: (...args) => database.read(...args) }
        return spoils.how.over(reading)(call, signal, work)
      },
      transaction: (call, signal, work) => {
        const name = `postgres ${call}`
        effects.push(name)
        if (spoils.kind !== 'transactions' || !isFirst(name)) return database.transaction(call, signal, work)
        return spoils.how.over(database)(call, signal, work)
      },
    }),
  }
}

// What is held back, by name.
function createHeld() {
  const waiting = new Map<string, { readonly go: () => void; readonly done: Promise<void> }>()
  const release = (name: string): Promise<void> => {
    const one = waiting.get(name)
    waiting.delete(name)
    one?.go()
    return one?.done ?? Promise.resolve()
  }
  return {
    hold: (name: string): Verdict => {
      const until = Promise.withResolvers<undefined>()
      const done = Promise.withResolvers<undefined>()
      waiting.set(name, { go: () => until.resolve(undefined), done: done.promise })
      return { kind: 'late', until: until.promise, done: () => done.resolve(undefined) }
    },
    release,
    releaseAll: async () => {
      await Promise.all([...waiting.keys()].map(release))
    },
  }
}
