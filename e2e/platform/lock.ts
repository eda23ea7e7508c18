import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

/** Something that only one process of this machine has. */
export interface Lock {
  release(): Promise<void>
}

/**
 * Takes the lock of that name; undefined when another has it. It is a name in the kernel's list of abstract sockets, which
 * forgets it when the holder ends, however it ends: no lock is ever left behind, and none has to be taken over.
 */
export function tryLock(name: string): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (fault: NodeJS.ErrnoException) =>
      fault.code === 'EADDRINUSE' ? resolve(undefined) : reject(fault),
    )
    const digest = createHash('sha256').update(name).digest('hex')
    server.listen(`\0bulkhead-${digest}`, () => {
      server.unref()
      resolve({ release: () => new Promise((done) => server.close(() => done())) })
    })
  })
}

/** Does the work while no other command changes this instance; throws at once when one does. */
export async function withLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const lock = await tryLock(dir)
  if (lock === undefined) {
    throw new Error(`Another command works on ${JSON.stringify(dir)}: wait for it, or end it with Ctrl-C`)
  }
  try {
    return await work()
  } finally {
    await lock.release()
  }
}
