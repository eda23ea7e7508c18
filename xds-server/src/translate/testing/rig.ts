// A whole data plane around one real Envoy: who configures it, who decides, who is called, and who calls.
import type { EncodedResource, JsonObject } from '@bulkhead/envoy'
import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { assembleFleet, assembleIdentity, assembleTenant } from '../../assemble/assemble.ts'
import { secretsFor } from '../../control/edge-certificates.ts'
import { refuseFindings } from '../../lint/testing/linted.ts'
import type { Endpoint, TenantModel } from '../../model/model.ts'
import type { FleetSettings } from '../settings.ts'
import type { IdentityResources } from '../translate.ts'
import { translateFleet, translateIdentity, translateMembers, translateTenant } from '../translate.ts'
import { readCheck } from './check.ts'
import { startControlPlane } from './control-plane.ts'
import type { Group } from './control-plane.ts'
import { call, freePort, startEnvoy } from './live-envoy.ts'
import type { Answer, Call } from './live-envoy.ts'
import { identityShard, settings } from './models.ts'
import { startPolicyServer } from './policy-server.ts'
import type { Check } from './policy-server.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

export interface Rig {
  call(what: Call): Promise<Answer>
  /** What the backend was asked, newest last. */
  readonly seen: readonly Seen[]
  readonly checks: readonly Check[]
  readonly refusals: readonly string[]
  accessLog(): Promise<string>
  stop(): Promise<void>
}

export interface RigOptions {
  readonly fleet?: Partial<FleetSettings>
  /** How many Envoys the fleet believes to have. */
  readonly envoys?: number
  /** Of the rate limit service; without it the service is away. */
  readonly limitsPort?: number
  /** What policy says beside yes. */
  readonly metadata?: JsonObject
  /** The realms that are known at the identity host, whose provider is the backend. */
  readonly realms?: readonly string[]
  /** Breaks what Envoy gets, to see what then holds. */
  readonly edit?: (resource: EncodedResource) => EncodedResource
}

const nobodysPort = 9
const same = (resource: EncodedResource): EncodedResource => resource

/** The tenants are made for the backend's address, which is known only once it listens. */
export async function startRig(
  tenantsFor: (backend: Endpoint) => readonly TenantModel[],
  { fleet = {}, envoys = 1, limitsPort = nobodysPort, metadata = {}, edit = same, realms }: RigOptions = {},
): Promise<Rig> {
  const seen: Seen[] = []
  const backend = await startBackend(seen)
  const port = await freePort()
  const tenants = tenantsFor({ address: '127.0.0.1', port: portOf(backend) })
  // A busy machine takes its time, and a policy that is late refuses.
  const here = { ...settings, policyTimeoutMs: 10_000, ...fleet, listener: { address: '127.0.0.1', port } }
  const identity = realms && translateIdentity(identityShard(portOf(backend)), realms, here.identity)
  const groups = await groupsFor(tenants, here, { envoys, identity })
  const controlPlane = await startControlPlane(
    groups.map(({ name, resources }) => ({ name, resources: resources.map(edit) })),
  )
  const policy = await startPolicyServer(readCheck, { subscription: 'uid-subscription', ...metadata })
  const envoy = await startEnvoy({ controlPlane, policy: policy.port, limits: limitsPort })
  await envoy.waitUntil('/ready', (body) => body.startsWith('LIVE'))
  await envoy.waitUntil('/listeners', (body) => body.includes('edge::') && controlPlane.isSettled())
  return {
    call: (what) => call(port, what),
    seen,
    checks: policy.checks,
    refusals: controlPlane.refusals(),
    accessLog: () => envoy.log(),
    stop: async () => {
      await envoy.stop()
      await controlPlane.stop()
      policy.stop()
      backend.closeAllConnections()
      backend.close()
    },
  }
}

async function groupsFor(
  tenants: readonly TenantModel[],
  here: FleetSettings,
  { envoys, identity }: { readonly envoys: number; readonly identity: IdentityResources | undefined },
): Promise<readonly Group[]> {
  const members = Array.from({ length: envoys }, (_, index) => ({ address: '127.0.0.1', port: index + 1 }))
  const hosts = [...tenants.flatMap((tenant) => tenant.hosts), identityShard(0).host]
  const authority = await createTestAuthority()
  const names = hosts.map((value) => ({ type: 'dns', value }) as const)
  const certificate = { ...(await authority.issue({ commonName: 'edge', names })), hosts }
  const groups = [
    assembleFleet(translateFleet(here), translateMembers(members)),
    ...tenants.map((tenant) => assembleTenant(translateTenant(tenant, here))),
    ...(identity === undefined ? [] : [assembleIdentity(identity)]),
    { name: 'certificates', resources: secretsFor(hosts, [certificate]) },
  ]
  for (const { resources } of groups) refuseFindings(resources)
  return groups
}

async function startBackend(seen: Seen[]): Promise<Server> {
  const server = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
    response.end('backend')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
