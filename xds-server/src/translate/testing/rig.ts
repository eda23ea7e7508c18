// A whole data plane around one real Envoy: who configures it, who decides, who is called, and who calls.
import { encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, JsonObject } from '@bulkhead/envoy'
import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { assembleFleet, assembleTenant } from '../../assemble/assemble.ts'
import { refuseFindings } from '../../lint/testing/linted.ts'
import { lintResources } from '../../lint/lint.ts'
import type { Endpoint, TenantModel } from '../../model/model.ts'
import type { FleetSettings } from '../settings.ts'
import { translateFleet, translateMembers, translateTenant } from '../translate.ts'
import { readCheck } from './check.ts'
import { startControlPlane, startPolicyServer } from './control-plane.ts'
import type { Check } from './control-plane.ts'
import { call, freePort, startEnvoy } from './live-envoy.ts'
import type { Answer, Call } from './live-envoy.ts'
import { settings } from './models.ts'

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
  /** Breaks what Envoy gets, to see what then holds. */
  readonly edit?: (resource: EncodedResource) => EncodedResource
}

const nobodysPort = 9
const same = (resource: EncodedResource): EncodedResource => resource

/** The tenants are made for the backend's address, which is known only once it listens. */
export async function startRig(
  tenantsFor: (backend: Endpoint) => readonly TenantModel[],
  { fleet = {}, envoys = 1, limitsPort = nobodysPort, metadata = {}, edit = same }: RigOptions = {},
): Promise<Rig> {
  const seen: Seen[] = []
  const backend = await startBackend(seen)
  const port = await freePort()
  const tenants = tenantsFor({ address: '127.0.0.1', port: portOf(backend) })
  const here = { ...settings, ...fleet, listener: { address: '127.0.0.1', port } }
  const whole = await resourcesFor(tenants, here, envoys)
  const findings = lintResources(whole, here)
  if (findings.length > 0) throw new Error(`What Envoy would get breaks rules: ${JSON.stringify(findings)}`)
  const resources = whole.map(edit)
  const controlPlane = await startControlPlane(() => resources)
  const policy = await startPolicyServer(readCheck, { subscription: 'uid-subscription', ...metadata })
  const envoy = await startEnvoy({ controlPlane: controlPlane.port, policy: policy.port, limits: limitsPort })
  await envoy.waitUntil('/ready', (body) => body.startsWith('LIVE'))
  await envoy.waitUntil('/listeners', (body) => body.includes('edge::'))
  return {
    call: (what) => call(port, what),
    seen,
    checks: policy.checks,
    refusals: controlPlane.refusals,
    accessLog: () => envoy.log(),
    stop: async () => {
      await envoy.stop()
      controlPlane.stop()
      policy.stop()
      backend.closeAllConnections()
      backend.close()
    },
  }
}

async function resourcesFor(
  tenants: readonly TenantModel[],
  here: FleetSettings,
  envoys: number,
): Promise<readonly EncodedResource[]> {
  const members = Array.from({ length: envoys }, (_, index) => ({ address: '127.0.0.1', port: index + 1 }))
  const fleet = assembleFleet(translateFleet(here), translateMembers(members))
  const hosts = tenants.flatMap((tenant) => tenant.hosts)
  const authority = await createTestAuthority()
  const names = hosts.map((value) => ({ type: 'dns', value }) as const)
  const { cert, key } = await authority.issue({ commonName: 'edge', names })
  const secrets = hosts.map((name) =>
    makeResource(
      TYPE_URLS.secret,
      name,
      encode('envoy.extensions.transport_sockets.tls.v3.Secret', {
        name,
        tlsCertificate: { certificateChain: { inlineString: cert }, privateKey: { inlineString: key } },
      }),
    ),
  )
  const groups = tenants.map((tenant) => assembleTenant(translateTenant(tenant, here)))
  const resources = [...fleet.resources, ...groups.flatMap((group) => group.resources), ...secrets]
  refuseFindings(resources)
  return resources
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
