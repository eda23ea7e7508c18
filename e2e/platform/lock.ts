import { open, readFile, rm } from 'node:fs/promises'
import { z } from 'zod'
import { identifyProcess, isRunning } from './process-info.ts'

const holderSchema = z.object({ pid: z.number().int().positive(), startTicks: z.string(), bootId: z.string() })

/** Does the work while no other command changes this instance; throws at once when one does. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await take(file)
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function take(file: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(file)) return
    const text = await readFile(file, 'utf8').catch(() => '')
    const holder = holderSchema.safeParse(text === '' ? undefined : JSON.parse(text))
    if (holder.success && (await isRunning(holder.data))) {
      throw new Error(
        `Another command (pid ${holder.data.pid}) works on this instance: wait for it, or end it with Ctrl-C`,
      )
    }
    // Its holder ended without tidying up.
    await rm(file, { force: true })
  }
  throw new Error(`Cannot take ${JSON.stringify(file)}: others take it at the same time; try again`)
}

async function create(file: string): Promise<boolean> {
  const self = await identifyProcess(process.pid)
  try {
    const handle = await open(file, 'wx', 0o600)
    await handle.writeFile(JSON.stringify(self))
    await handle.close()
    return true
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'EEXIST') return false
    throw fault
  }
}
