import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { partNames } from './part.ts'
import { portNames } from './ports.ts'

const processSchema = z.object({
  pid: z.number().int().positive(),
  startTicks: z.string(),
  bootId: z.string(),
  startedAt: z.string(),
  /** Somebody ends it on purpose right now. */
  ending: z.boolean().optional(),
})

const stateSchema = z.object({
  version: z.literal(1),
  instance: z.string(),
  /** A state that an older checkout wrote lacks the ports of newer parts. */
  ports: z.partialRecord(z.enum(portNames), z.number().int()),
  /** What this instance consists of; the demo has all parts, a test may have three. */
  chosen: z.array(z.enum(partNames)),
  parts: z.partialRecord(z.enum(partNames), processSchema),
})

/** What the platform remembers between two commands. */
export type State = Readonly<z.infer<typeof stateSchema>>

/** A recorded process of a part. */
export type PartProcess = Readonly<z.infer<typeof processSchema>>

/** Reads a state file's text; throws with the file's name when it is not one. */
export function parseState(text: string, file: string): State {
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new Error(`Cannot read ${JSON.stringify(file)}: it is no state file of this version; remove it by hand`, {
      cause,
    })
  }
}

/** The remembered state, or undefined when this instance was never started. */
export async function readState(file: string): Promise<State | undefined> {
  try {
    return parseState(await readFile(file, 'utf8'), file)
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return undefined
    throw fault
  }
}

/** The same, for those who may not wait; throws when there is none. */
export function readStateNow(file: string): State {
  return parseState(readFileSync(file, 'utf8'), file)
}

/** Replaces the state in one step, so that a reader never sees half of it. */
export function writeState(file: string, state: State): void {
  const next = `${file}.${process.pid}`
  writeFileSync(next, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(next, file)
}
