// The control plane that is shipped, in a process of its own: objects from an API server in memory, streams over mutual
// TLS. What it costs is its process's cost.
import { createMetrics, silentLogger, systemClock } from '@bulkhead/runtime'
import { groupOf, tenantId } from '@bulkhead/tenancy'
import { Fleet } from '@bulkhead/xds'
import { aTenant, aTool, aToolSet, settings } from '../build/testing/fixtures.ts'
import { issue } from '../certificates/testing/issue.ts'
import { startControlPlane } from '../server.ts'
import type { ControlPlane } from '../server.ts'
import { FakeApi } from '../testing/fake-api.ts'
import { FakePolicy } from '../testing/fake-policy.ts'
import { serveFleet } from '../translate/testing/control-plane.ts'
import { settings as fleetSettings } from '../translate/testing/models.ts'
import { kindInfo } from '../watch/seen.ts'
import { hostOf, nameOf } from './messages.ts'
import type { Answered, Asked } from './messages.ts'

type Start = Extract<Asked, { kind: 'start' }>

const toolsPerTenant = 3
const api = new FakeApi()
const fleet = new Fleet()
const metrics = createMetrics()
let control: ControlPlane | undefined
let started: Start | undefined
let edits = 0
let churn: NodeJS.Timeout | undefined
/** Tenants whose edit no stream has accepted yet, by group. */
const awaited = new Map<string, number>()

const uidOf = (tenant: number): string => `uid-of-${nameOf(tenant)}`
const send = (answered: Answered): void => void process.send?.(answered)

function putTool(tenant: number, tool: number, path: string): void {
  const external = { host: '127.0.0.1', port: started?.backendPort ?? 0 }
  const at = { namespace: `tenant-${nameOf(tenant)}`, uid: `uid-${tenant}-${tool}` }
  const spec = { backend: { type: 'External', external }, http: { methods: ['GET'], path } }
  api.put(kindInfo.Tool, aTool(`tool-${tool}`, spec, at))
}

function putTenant(tenant: number): void {
  const names = Array.from({ length: toolsPerTenant }, (_, tool) => `tool-${tool}`)
  const at = { namespace: `tenant-${nameOf(tenant)}`, uid: `uid-${tenant}-set` }
  api.put(kindInfo.Tenant, aTenant(nameOf(tenant), { uid: uidOf(tenant) }))
  for (const [tool, name] of names.entries()) putTool(tenant, tool, `/${name}`)
  api.put(kindInfo.ToolSet, aToolSet('api', names, { hostname: hostOf(tenant), access: 'Public' }, at))
}

async function start(asked: Start): Promise<Answered> {
  started = asked
  for (let tenant = 0; tenant < asked.tenants; tenant += 1) putTenant(tenant)
  const edge = { hosts: ['*.gw.test'], ...(await issue(['*.gw.test'])) }
  const startedMs = performance.now()
  control = startControlPlane({
    ...{ client: api, fleet, policy: new FakePolicy(), metrics, buildSettings: settings },
    lookUp: () => Promise.reject(new Error('no name service here')),
    fleetSettings: {
      ...{ ...fleetSettings, capacityRequestsPerSecond: 10_000_000, policyTimeoutMs: 10_000 },
      listener: { address: '127.0.0.1', port: asked.edgePort },
    },
    certificates: () => [edge],
    ...{ clock: systemClock, random: Math.random, logger: silentLogger },
  })
  await control.open
  const { port, certificates } = await serveFleet(fleet)
  fleet.subscribe((change) => {
    const tenant = change.kind === 'group' ? awaited.get(change.group) : undefined
    if (change.kind !== 'group' || tenant === undefined) return
    const { connected, acked } = fleet.programmed(change.group)
    if (acked < connected) return
    awaited.delete(change.group)
    send({ kind: 'acked', tenant, atNs: String(process.hrtime.bigint()) })
  })
  return { kind: 'started', port, certificates, tookMs: performance.now() - startedMs }
}

function edit(tenant: number): Answered {
  edits += 1
  const path = `/edit-${edits}`
  const group = groupOf(tenantId(uidOf(tenant)))
  const stop = fleet.store.subscribe((change) => {
    if (change.kind !== 'group' || change.group !== group) return
    awaited.set(group, tenant)
    stop()
  })
  const atNs = process.hrtime.bigint()
  putTool(tenant, 0, path)
  return { kind: 'edited', atNs: String(atNs), path }
}

function setChurn(editsPerSecond: number): Answered {
  clearInterval(churn)
  let tenant = (started?.tenants ?? 1) - 1
  const turn = (): void => {
    edits += 1
    putTool(tenant, 1, `/churn-${edits}`)
    // The first half is for those that are measured.
    tenant = tenant > (started?.tenants ?? 0) / 2 ? tenant - 1 : (started?.tenants ?? 1) - 1
  }
  if (editsPerSecond > 0) churn = setInterval(turn, 1000 / editsPerSecond)
  return { kind: 'churned' }
}

async function figures(): Promise<Answered> {
  const { user, system } = process.cpuUsage()
  return {
    kind: 'figures',
    figures: {
      cpuMs: (user + system) / 1000,
      rssMiB: process.memoryUsage.rss() / 2 ** 20,
      rebuilt: await rebuiltSoFar(),
    },
  }
}

async function rebuiltSoFar(): Promise<number> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith('bulkhead_tenants_rebuilt_total '))
  return Number(line?.split(' ')[1])
}

async function rebuild(): Promise<Answered> {
  const before = await rebuiltSoFar()
  control?.rebuildAll()
  while ((await rebuiltSoFar()) < before + (started?.tenants ?? 0)) await systemClock.sleep(20)
  return { kind: 'rebuilt' }
}

async function answer(asked: Asked): Promise<Answered> {
  switch (asked.kind) {
    case 'start':
      return start(asked)
    case 'edit':
      return edit(asked.tenant)
    case 'churn':
      return setChurn(asked.editsPerSecond)
    case 'rebuild':
      return rebuild()
    case 'figures':
      return figures()
  }
}

process.on('message', (asked: Asked) => void answer(asked).then(send))
process.once('disconnect', () => process.exit())
