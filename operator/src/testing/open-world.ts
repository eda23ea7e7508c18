import { afterAll } from 'vitest'
import { stepsIn } from './steps.ts'
import type { Steps } from './steps.ts'
import { startWorld } from './world.ts'
import type { World, WorldOptions } from './world.ts'

/** One world for all tests of a file, and an operator in it. */
export interface OpenedWorld {
  readonly world: World
  readonly steps: Steps
  readonly operator: {
    stop(): Promise<void>
    /** Starts the next one; the one before has to be stopped. */
    start(...how: Parameters<World['run']>): void
    restart(): Promise<void>
  }
}

/** Starts both; they end after the last test. */
export async function openWorld(options: WorldOptions = {}): Promise<OpenedWorld> {
  const world = await startWorld(options)
  let stop = world.run()
  const start: OpenedWorld['operator']['start'] = (...how) => {
    stop = world.run(...how)
  }
  const restart = async (): Promise<void> => {
    await stop()
    start()
  }
  afterAll(async () => {
    await stop()
    await world.stop()
  })
  return { world, steps: stepsIn(world), operator: { stop: () => stop(), start, restart } }
}
