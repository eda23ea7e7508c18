// `make bench-xds`: the server alone, without Envoy or tenants, against clients over mutual TLS on loopback. Prints a table,
// and with --json FILE writes it. Options: --edits N (200), --groups N (10000).
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { createHistogram } from 'node:perf_hooks'
import { TYPE_URLS } from '@bulkhead/envoy'
import { BenchFleet } from './bench-fleet.ts'
import type { Held } from './bench-stream.ts'

interface Row {
  readonly what: string
  readonly figures: Readonly<Record<string, string>>
}

const { values } = parseArgs({
  options: {
    edits: { type: 'string', default: '200' },
    groups: { type: 'string', default: '10000' },
    json: { type: 'string' },
  },
})
const [edits, groups] = [Number(values.edits), Number(values.groups)]
const rows: Row[] = []
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const ms = (value: number): string => `${value.toFixed(1)} ms`

function add(what: string, figures: Readonly<Record<string, string>>): void {
  rows.push({ what, figures })
  const text = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
  say(`${what.padEnd(52)} ${text.join(', ')}`)
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

const figuresOf = async (fleet: BenchFleet) => (await fleet.ask({ kind: 'figures' }, 'figures')).figures

/** Edits one group after another; `skip` leaves out streams at the end that do not read. */
async function measureEdits(fleet: BenchFleet, what: string, skip = 0): Promise<void> {
  const streams = fleet.streams.slice(0, fleet.streams.length - skip)
  const histogram = createHistogram()
  const before = await figuresOf(fleet)
  const bytesBefore = streams.reduce((sum, { bytes }) => sum + bytes, 0)
  for (let index = 0; index < edits; index += 1) {
    histogram.record(Math.max(1, Math.round((await fleet.edit(index % fleet.groups, streams)) * 1000)))
    if ((index + 1) % 100 === 0) say(`  … ${what}: ${index + 1} of ${edits}`)
  }
  const { cpuMs, rssMiB, bufferedBytes, lagP99Ms } = await figuresOf(fleet)
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes, 0) - bytesBefore
  const at = (share: number): string => ms(histogram.percentile(share) / 1000)
  add(what, {
    ...{ p50: at(50), p95: at(95), p99: at(99) },
    'server CPU per edit': ms((cpuMs - before.cpuMs) / edits),
    'bytes per edit and stream': (bytes / edits / streams.length).toFixed(0),
    ...{ RSS: `${rssMiB.toFixed(0)} MiB`, buffered: `${bufferedBytes} B`, 'loop lag p99': ms(lagP99Ms) },
  })
}

/** One number of streams with so many groups: first load, edits, and a storm of reconnections. */
async function measureStreams(count: number, groupCount: number): Promise<void> {
  const title = `${count} streams × ${groupCount} groups`
  say(`▸ ${title}`)
  const fleet = await BenchFleet.start(groupCount, count)
  try {
    const held = new Map(Object.values(TYPE_URLS).map((typeUrl) => [typeUrl, new Map<string, string>()]))
    const loadMs = await timed(() => fleet.connect(count, { record: held }))
    const { cpuMs, lagP99Ms } = await figuresOf(fleet)
    add(`${title}: first load`, { time: ms(loadMs), 'server CPU': ms(cpuMs), 'loop lag p99': ms(lagP99Ms) })
    await measureEdits(fleet, `${title}: one edit to the last stream`)
    if (count >= 1_000) await measureStorm(fleet, count, held)
    if (count === 100) await measureStalled(fleet, title)
    if (count === 1) await measureNames(fleet, title)
  } finally {
    fleet.stop()
  }
}

async function measureStorm(fleet: BenchFleet, count: number, initial: Held) {
  fleet.disconnect()
  await figuresOf(fleet)
  // Whoever has everything is sent nothing: that a change reaches the last says that all are back.
  const tookMs = await timed(async () => {
    await fleet.connect(count, { initial })
    await fleet.edit(0)
  })
  const resent = fleet.streams.reduce((sum, { counts }) => sum + [...counts.values()].reduce((a, b) => a + b, 0), 0)
  const { lagP99Ms } = await figuresOf(fleet)
  const others = String(resent - count)
  add(`${count} streams reconnect at once`, {
    time: ms(tookMs),
    'resources sent again': others,
    'loop lag p99': ms(lagP99Ms),
  })
}

async function measureStalled(fleet: BenchFleet, title: string): Promise<void> {
  fleet.streams.at(-1)?.stall()
  await measureEdits(fleet, `${title}, of which one does not read`, 1)
}

async function measureNames(fleet: BenchFleet, title: string): Promise<void> {
  const [stream] = fleet.streams
  if (stream === undefined) return
  const typeUrl = TYPE_URLS.routeConfiguration
  const before = stream.counts.get(typeUrl) ?? 0
  const tookMs = await timed(async () => {
    stream.resubscribe(typeUrl)
    await fleet.until(() => (stream.counts.get(typeUrl) ?? 0) >= before + fleet.groups)
  })
  add(`${title}: every name subscribed again`, { time: ms(tookMs) })
}

async function measureSplicing(): Promise<void> {
  const fleet = await BenchFleet.start(1, 1)
  const { spliceUs, encodeUs } = await fleet.ask({ kind: 'encode', times: 20_000 }, 'encoded')
  fleet.stop()
  add('one response', {
    spliced: `${spliceUs.toFixed(2)} µs`,
    'encoded anew': `${encodeUs.toFixed(2)} µs`,
    ratio: (encodeUs / spliceUs).toFixed(1),
  })
}

const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim()
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`
say(`commit ${commit}, ${machine}, Node ${process.version}`)
await measureSplicing()
await measureStreams(1, groups)
await measureStreams(1, Math.max(1, Math.round(groups / 1000)))
await measureStreams(100, groups)
await measureStreams(100, Math.max(1, Math.round(groups / 1000)))
await measureStreams(1_000, Math.max(1, Math.round(groups / 100)))
if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ commit, machine, rows }, undefined, 2))
process.exit(0)
