// `make bench`: how long onboarding and an edit take on real parts, against baselines of the same run. Prints a table,
// and with --json FILE writes the samples. Options: --samples N (30 by default, at most 200).
import { readFile, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { kinds, isTrueAt, parserOf, tenant as tenantSchema } from '@bulkhead/crds'
import { createKubeClient, silentLogger, systemClock, type KubeClient } from '@bulkhead/runtime'
import { createGatewayClient, type GatewayClient } from '../client/gateway-client.ts'
import { Interrupted, interruptible } from '../platform/interrupt.ts'
import { startPlatform, temporaryPlatformFolder, type Platform } from '../platform/platform.ts'
import { startBackend } from '../backend/backend.ts'
import { addressOf } from '../world/address.ts'
import { eventually } from '../world/eventually.ts'
import { inNamespace, tenant, type Manifest } from '../world/objects.ts'
import { table, type Measured } from './statistics.ts'

const root = resolve(import.meta.dirname, '../..')
const servedPauseMs = 5
const fieldManager = 'bulkhead-bench'
// So that all of them fit into the local fleet's capacity.
const modest = { limits: { requestsPerSecond: { guaranteed: 5, ceiling: 200 } } }
const parseTenant = parserOf(tenantSchema)

interface Bench {
  readonly platform: Platform
  readonly kube: KubeClient
  readonly client: GatewayClient
  readonly samples: number
  readonly signal: AbortSignal
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

async function repeat(
  bench: Bench,
  name: string,
  work: (index: number) => Promise<unknown>,
  pauseMs = 0,
): Promise<Measured> {
  const samplesMs: number[] = []
  for (let index = 0; index < bench.samples; index += 1) {
    bench.signal.throwIfAborted()
    samplesMs.push(await timed(() => work(index)))
    if (pauseMs > 0) await systemClock.sleep(pauseMs, bench.signal)
    if ((index + 1) % 10 === 0) console.log(`  … ${name}: ${index + 1} of ${bench.samples}`)
  }
  return { name, samplesMs }
}

const kindOf = { Tenant: kinds.tenant, Tool: kinds.tool, ToolSet: kinds.toolSet } as const

async function apply(bench: Bench, object: Manifest): Promise<void> {
  const kind = Object.entries(kindOf).find(([name]) => name === object.kind)?.[1]
  if (kind === undefined) throw new Error(`Cannot apply a ${object.kind} here`)
  await bench.kube.apply(kind, { ...object }, { fieldManager, force: true })
}

async function untilReady(bench: Bench, name: string): Promise<void> {
  await eventually(
    async () => {
      const parsed = parseTenant(await bench.kube.get({ kind: kinds.tenant, name }))
      if (!parsed.ok || !isTrueAt(parsed.value.status?.conditions, 'Ready', parsed.value.metadata.generation))
        throw new Error('not Ready')
    },
    { timeoutMs: 120_000, what: `tenant ${name}` },
  )
}

async function untilServed(bench: Bench, host: string, path: string): Promise<void> {
  const deadlineMs = performance.now() + 30_000
  for (;;) {
    const { status } = await bench.client.send({ host, path })
    if (status === 200) return
    if (performance.now() > deadlineMs) throw new Error(`${host}${path} still answers ${status}`)
    // Without a pause it would ask more often than the tenant's ceiling allows, and measure its own refusals.
    await systemClock.sleep(servedPauseMs, bench.signal)
  }
}

async function measure(bench: Bench): Promise<readonly Measured[]> {
  const { baseDomain } = bench.platform.endpoints
  const backend = await startBackend({ name: 'bench', keepRequests: false })
  const onboard = await repeat(bench, 'Tenant applied → Ready', async (index) => {
    await apply(bench, tenant(`bench-${index}`, modest))
    await untilReady(bench, `bench-${index}`)
  })
  const { namespace, host } = addressOf('bench-0', baseDomain)
  const objects = inNamespace(namespace)
  const write = await repeat(bench, 'baseline: one write to the API server', (index) =>
    apply(bench, objects.tool(`write-${index}`, backend.port)),
  )
  await apply(bench, objects.tool('warm', backend.port))
  await apply(bench, objects.toolSet('set', host, ['warm'], { access: 'Public' }))
  await untilServed(bench, host, '/warm')
  const request = await repeat(bench, 'baseline: one request through Envoy', () =>
    bench.client.send({ host, path: '/warm' }),
  )
  const applyAndCall = async (index: number): Promise<void> => {
    await apply(bench, objects.toolSet(`set-${index}`, host, [`tool-${index}`], { access: 'Public' }))
    await apply(bench, objects.tool(`tool-${index}`, backend.port))
    await untilServed(bench, host, `/tool-${index}`)
  }
  // A tenant that edits in a loop is held to one publication a second; this one does not, so it pauses in between.
  const edit = await repeat(bench, 'Tool applied → first 200 through Envoy', applyAndCall, 1100)
  await backend.stop()
  return [write, onboard, request, edit]
}

function options(): { samples: number; json: string | undefined } {
  try {
    const { values } = parseArgs({ options: { samples: { type: 'string', default: '30' }, json: { type: 'string' } } })
    const samples = Number(values.samples)
    if (Number.isInteger(samples) && samples >= 1 && samples <= 200) return { samples, json: values.json }
    throw new Error(`--samples is "${values.samples}": want a whole number from 1 to 200`)
  } catch (error) {
    console.error(`Cannot run the benchmark: ${String(error)}`)
    process.exit(2)
  }
}

/** The commit that is measured; a checkout without git has none. */
function commit(): string {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' })
  return (stdout as string | null)?.trim() || 'unknown'
}

async function run(samples: number, json: string | undefined, signal: AbortSignal): Promise<void> {
  const log = (line: string) => console.log(`  ${line}`)
  // Of its own, so that no tenant of an earlier run is Ready before it is measured.
  const folder = await temporaryPlatformFolder('bulkhead-bench-', log)
  try {
    const platform = await startPlatform({ dir: folder.dir, root, log, signal })
    const { edgePort, edgeCaFile, kubeconfigs } = platform.endpoints
    const kube = createKubeClient({ kubeconfigPath: kubeconfigs.admin, logger: silentLogger, clock: systemClock })
    const client = createGatewayClient({ port: edgePort, authority: await readFile(edgeCaFile, 'utf8') })
    try {
      const rows = await measure({ platform, kube, client, samples, signal })
      const machine = `${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, commit ${commit()}`
      console.log(`\n${machine}\n${table(rows)}`)
      if (json !== undefined) await writeFile(json, JSON.stringify({ machine, rows }, undefined, 2))
    } finally {
      client.close()
      kube.close()
    }
  } finally {
    await folder.remove()
  }
}

const { samples, json } = options()
try {
  await interruptible((signal) => run(samples, json, signal))
} catch (fault) {
  if (!(fault instanceof Interrupted)) console.error(fault instanceof Error ? fault.message : fault)
  process.exit(fault instanceof Interrupted ? 130 : 1)
}
