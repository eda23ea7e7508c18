// `make bench-plane`: the control plane with many tenants and a real Envoy. The API server is in memory, since ten thousand
// tenants with their objects do not fit beside all else. Prints a table, and with --json FILE writes it. Options:
// --tenants A,B,… (10,100,1000,10000), --edits N (200).
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Plane } from './plane.ts'

const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '10,100,1000,10000' },
    edits: { type: 'string', default: '200' },
    json: { type: 'string' },
  },
})
const edits = Number(values.edits)
const churnPerSecond = 100
// A tenant may publish once a second, three at once: with as few as ten of them edits must not come faster.
const leastPauseMs = 100
const tenantPauseMs = 1_100
const steadyTenants = 50
const steadyPauseMs = 20
const rows: Readonly<Record<string, string | number>>[] = []

interface Steady {
  requests: number
  failed: number
  isOver: boolean
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const at = (histogram: RecordableHistogram, share: number): number => histogram.percentile(share) / 1000
const text = (histogram: RecordableHistogram): string =>
  [50, 95, 99].map((share) => at(histogram, share).toFixed(1)).join(' / ')

/** Requests to some tenants of the second half, for as long as it takes. */
async function keepAsking(plane: Plane, tenants: number, steady: Steady): Promise<void> {
  const isOver = (): boolean => steady.isOver
  while (!isOver()) {
    const first = Math.ceil(tenants / 2)
    for (let tenant = first; tenant < Math.min(first + steadyTenants, tenants) && !isOver(); tenant += 1) {
      steady.requests += 1
      if ((await plane.status(tenant, '/tool-2')) !== 200) steady.failed += 1
    }
    await pause(steadyPauseMs)
  }
}

/** Edits tenants of the first half, one after another. */
async function measureEdits(plane: Plane, tenants: number, title: string) {
  const [ack, served] = [createHistogram(), createHistogram()]
  const edited = Math.ceil(tenants / 2)
  for (let index = 0; index < edits; index += 1) {
    const { ackMs, servedMs } = await plane.edit(index % edited)
    ack.record(Math.max(1, Math.round(ackMs * 1000)))
    served.record(Math.max(1, Math.round(servedMs * 1000)))
    if ((index + 1) % 50 === 0) say(`  … ${title}: ${index + 1} of ${edits}`)
    await pause(Math.max(leastPauseMs, tenantPauseMs / edited))
  }
  return { ack, served }
}

async function measure(tenants: number): Promise<void> {
  say(`▸ ${tenants} tenants × 3 routes`)
  const { plane, openMs, servedMs } = await Plane.start(tenants)
  const figures = async () => (await plane.ask({ kind: 'figures' }, 'figures')).figures
  const received = () => plane.envoyFigure('^cluster.xds.upstream_cx_rx_bytes_total$')
  const drained = () => plane.envoyFigure('(total_filter_chains_draining|downstream_cx_drain_close)$')
  const steady: Steady = { requests: 0, failed: 0, isOver: false }
  const asking = keepAsking(plane, tenants, steady)
  try {
    const [before, bytesBefore, drainedBefore] = [await figures(), await received(), await drained()]
    const idle = await measureEdits(plane, tenants, 'idle')
    const [after, bytesAfter] = [await figures(), await received()]
    const row: Record<string, string | number> = {
      tenants,
      'control plane open, ms': openMs.toFixed(0),
      'Envoy started until the last tenant is served, ms': servedMs.toFixed(0),
      'edit to ACK, ms p50 / p95 / p99': text(idle.ack),
      'edit to first answer, ms p50 / p95 / p99': text(idle.served),
      'server CPU per edit, ms': ((after.cpuMs - before.cpuMs) / edits).toFixed(2),
      'tenants rebuilt per edit': ((after.rebuilt - before.rebuilt) / edits).toFixed(2),
      'bytes per edit': ((bytesAfter - bytesBefore) / edits).toFixed(0),
    }
    if (tenants >= 2 * churnPerSecond) {
      await plane.ask({ kind: 'churn', editsPerSecond: churnPerSecond }, 'churned')
      const busy = await measureEdits(plane, tenants, `${churnPerSecond} edits a second of others`)
      await plane.ask({ kind: 'churn', editsPerSecond: 0 }, 'churned')
      row[`the same under ${churnPerSecond} edits/s, to first answer`] = text(busy.served)
      row['ratio to idle, p50'] = (at(busy.served, 50) / at(idle.served, 50)).toFixed(2)
    }
    const full = await figures()
    await plane.ask({ kind: 'rebuild' }, 'rebuilt')
    const rebuilt = await figures()
    row['full rebuild instead of one tenant, ms CPU'] = (rebuilt.cpuMs - full.cpuMs).toFixed(0)
    row['RSS of the server, MiB'] = rebuilt.rssMiB.toFixed(0)
    row['RSS of Envoy, MiB'] = (await plane.envoyRssMiB()).toFixed(0)
    row['drained connections'] = (await drained()) - drainedBefore
    row['requests to others, failed'] = `${steady.requests}, ${steady.failed}`
    for (const [name, value] of Object.entries(row)) say(`  ${name.padEnd(56)} ${value}`)
    rows.push(row)
  } finally {
    steady.isOver = true
    await asking
    await plane.stop()
  }
}

const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim()
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`
say(`commit ${commit}, ${machine}, Node ${process.version}, API server in memory`)
for (const tenants of values.tenants.split(',').map(Number)) await measure(tenants)
if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ commit, machine, rows }, undefined, 2))
process.exit(0)
