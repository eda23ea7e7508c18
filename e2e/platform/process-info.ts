import { readFile } from 'node:fs/promises'

/** A process by number and by the moment it began, so that a number used again never stands for it. */
export interface ProcessId {
  readonly pid: number
  /** Clock ticks since boot, from /proc/<pid>/stat. */
  readonly startTicks: string
  readonly bootId: string
}

/** What /proc/<pid>/stat says that we use. */
export interface ProcessStat {
  readonly state: string
  readonly startTicks: string
}

/** Reads one /proc/<pid>/stat line; the command may hold blanks and brackets, so fields count from the last bracket. */
export function parseStat(line: string): ProcessStat | undefined {
  const fields = line
    .slice(line.lastIndexOf(')') + 1)
    .trim()
    .split(' ')
  const [state, startTicks] = [fields[0], fields[19]]
  if (state === undefined || startTicks === undefined || !/^\d+$/.test(startTicks)) return undefined
  return { state, startTicks }
}

/** True when what runs under that number now is the process that was recorded; a zombie has ended. */
export function isSameProcess(recorded: ProcessId, bootId: string, stat: ProcessStat | undefined): boolean {
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return false
  return recorded.bootId === bootId && recorded.startTicks === stat.startTicks
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

async function bootIdentity(): Promise<string> {
  return ((await textOf('/proc/sys/kernel/random/boot_id')) ?? 'unknown').trim()
}

async function statOf(pid: number): Promise<ProcessStat | undefined> {
  const line = await textOf(`/proc/${pid}/stat`)
  return line === undefined ? undefined : parseStat(line)
}

/** Identifies a process that was just started; undefined when it has ended already. */
export async function identifyProcess(pid: number): Promise<ProcessId | undefined> {
  const [stat, bootId] = await Promise.all([statOf(pid), bootIdentity()])
  return stat === undefined ? undefined : { pid, startTicks: stat.startTicks, bootId }
}

/** True while exactly that process runs. */
export async function isRunning(recorded: ProcessId): Promise<boolean> {
  const [stat, bootId] = await Promise.all([statOf(recorded.pid), bootIdentity()])
  return isSameProcess(recorded, bootId, stat)
}

/** Resident memory in bytes; 0 when the process is gone. */
export async function residentBytes(pid: number): Promise<number> {
  const text = (await textOf(`/proc/${pid}/status`)) ?? ''
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(text)
  return Number(match?.[1] ?? 0) * 1024
}
