import type { Clock } from '../clock.ts'
import { pause } from '../pause.ts'

/** Keys that come back later. */
export interface DelayedKeys<K extends string> {
  readonly size: number
  /** The earlier of two times wins. */
  add(key: K, atMs: number): void
  cancel(key: K): void
  stop(): void
}

/** Calls `onDue` for each key when its time has come; one timer serves all of them. */
export function createDelayedKeys<K extends string>(clock: Clock, onDue: (key: K) => void): DelayedKeys<K> {
  const dueMs = new Map<K, number>()
  let isStopped = false
  let timer: { readonly atMs: number; readonly cancel: AbortController } | undefined

  const arm = (): void => {
    timer?.cancel.abort()
    timer = undefined
    if (dueMs.size === 0 || isStopped) return
    const atMs = earliest(dueMs)
    const cancel = new AbortController()
    timer = { atMs, cancel }
    void pause(clock, atMs - clock.now(), cancel.signal).then((isOver) => {
      if (isOver) fire()
    })
  }
  const fire = (): void => {
    const nowMs = clock.now()
    const due = [...dueMs].filter(([, atMs]) => atMs <= nowMs).map(([key]) => key)
    for (const key of due) dueMs.delete(key)
    arm()
    for (const key of due) onDue(key)
  }
  return {
    get size() {
      return dueMs.size
    },
    add: (key, atMs) => {
      if (isStopped || (dueMs.get(key) ?? Infinity) <= atMs) return
      dueMs.set(key, atMs)
      if (timer === undefined || atMs < timer.atMs) arm()
    },
    // The timer may now fire early for nothing, which `fire` survives.
    cancel: (key) => {
      dueMs.delete(key)
    },
    stop: () => {
      isStopped = true
      dueMs.clear()
      arm()
    },
  }
}

function earliest(dueMs: ReadonlyMap<string, number>): number {
  let first = Infinity
  for (const atMs of dueMs.values()) if (atMs < first) first = atMs
  return first
}
