import { execFile } from 'node:child_process'
import { chown, lchown, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Command } from './part.ts'

// Postgres refuses to run as root. Where we are root it runs either in a user namespace of its own, in which we are
// nobody (nothing on the machine changes, and folders below /root stay reachable), or as an unprivileged user.

const nobodyId = 65_534

/** How a program that refuses root is run. */
export type Unprivileged =
  | { readonly kind: 'as we are' }
  | { readonly kind: 'namespace' }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number }

/** Finds the way for this machine. */
export async function findUnprivileged(isRoot: boolean): Promise<Unprivileged> {
  if (!isRoot) return { kind: 'as we are' }
  const probe = namespaced({ file: 'true', args: [] })
  const works = await promisify(execFile)(probe.file, [...probe.args]).then(
    () => true,
    () => false,
  )
  if (works) return { kind: 'namespace' }
  return { kind: 'user', ...userOf(await readFile('/etc/passwd', 'utf8')) }
}

/** The unprivileged user of a passwd file: postgres where there is one, else nobody. */
export function userOf(passwd: string): { readonly uid: number; readonly gid: number } {
  for (const name of ['postgres', 'nobody']) {
    const fields = passwd
      .split('\n')
      .map((line) => line.split(':'))
      .find((line) => line[0] === name)
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) }
  }
  throw new Error(
    'Cannot run Postgres as root: /etc/passwd has neither "postgres" nor "nobody"; run as an ordinary user',
  )
}

/** The same command, run that way. */
export function unprivilegedCommand(command: Command, how: Unprivileged): Command {
  switch (how.kind) {
    case 'as we are':
      return command
    case 'namespace':
      return namespaced(command)
    case 'user':
      return { ...command, user: { uid: how.uid, gid: how.gid } }
  }
}

function namespaced(command: Command): Command {
  const map = ['--user', `--map-user=${nobodyId}`, `--map-group=${nobodyId}`, '--']
  return { ...command, file: 'unshare', args: [...map, command.file, ...command.args] }
}

/** Gives a folder to whoever will run in it. */
export async function giveFolder(folder: string, how: Unprivileged): Promise<void> {
  if (how.kind !== 'user') return
  await chown(folder, how.uid, how.gid)
  const entries = await readdir(folder, { recursive: true })
  for (const entry of entries) await lchown(join(folder, entry), how.uid, how.gid)
}
