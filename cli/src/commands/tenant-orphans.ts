import { lookForHoldings, lookForRealms } from '../census/look-for-orphans.ts'
import { judgeOrphans, orphanLines } from '../census/orphans.ts'
import { Unfinished } from '../command.ts'
import type { Call, Command } from '../command.ts'
import type { Platform } from '../platform.ts'
import { kubeconfigFlag, onPlatform } from './on-platform.ts'

/** Lists what exists without a Tenant. */
export const tenantOrphans: Command = {
  words: 'tenant orphans',
  operands: [],
  flags: [{ name: 'json', help: 'prints the report as JSON' }, kubeconfigFlag],
  summary: 'Lists everything that stands for a tenant that is no more: what was kept, and what was forgotten.',
  interrupted: 'nothing was changed',
  run: (call) => onPlatform(call, (platform) => orphans(platform, call)),
}

const progressMs = 2000

async function orphans(platform: Platform, call: Call): Promise<void> {
  const { signal } = call
  const { clock } = platform
  const seen = await lookForHoldings(platform, signal)
  let toldMs = clock.now()
  const progress = (done: number, all: number): void => {
    if (clock.now() - toldMs < progressMs) return
    toldMs = clock.now()
    call.tell(`  ${done} of ${all} realms asked for`)
  }
  const { orphans: found, realms } = await lookForRealms(platform, seen, progress, signal)
  const all = { ...seen, holdings: new Map([...seen.holdings, ...realms]) }
  const report = judgeOrphans(all, found, new Date(clock.now()).toISOString())
  if (call.isSet('json')) call.print(JSON.stringify(report, undefined, 2))
  else for (const line of orphanLines(report)) call.print(line)
  if (report.isClean) return
  const lost = report.orphans.filter(({ kind }) => kind !== 'kept').length
  throw new Unfinished(`Not clean: ${lost} that nobody meant to be there, ${report.unseen.length} places not seen`)
}
