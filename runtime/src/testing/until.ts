import type { TestClock } from './test-clock.ts'

const turnsPerStep = 40

/** Waits, without moving time, until the condition holds; throws when it still does not after very many turns. */
export async function until(condition: () => boolean, turns = 20_000): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (condition()) return
    await nextTurn()
  }
  throw new Error(`The condition did not come true: ${condition.toString()}`)
}

/** Moves time on in small steps, letting loopback I/O happen in between, until the condition holds; says how long it took. */
export async function advanceUntil(clock: TestClock, condition: () => boolean, limitMs = 3_600_000): Promise<number> {
  const startMs = clock.now()
  for (;;) {
    for (let turn = 0; turn < turnsPerStep; turn++) {
      if (condition()) return clock.now() - startMs
      await nextTurn()
    }
    if (clock.now() - startMs >= limitMs)
      throw new Error(`It did not happen within ${limitMs} ms: ${condition.toString()}`)
    await clock.advance(250)
  }
}

/** Moves time on in small steps, letting loopback I/O happen in between. */
export async function advanceWithIo(clock: TestClock, ms: number): Promise<void> {
  const endMs = clock.now() + ms
  await advanceUntil(clock, () => clock.now() >= endMs, ms + 1_000)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
