import { z } from 'zod'
import { startBackend, type Backend } from '../backend/backend.ts'
import type { GatewayAnswer, GatewayClient, GatewayRequest } from '../client/gateway-client.ts'
import { fetchToken, type Credentials } from '../client/tokens.ts'
import { addressOf } from './address.ts'
import { readCredentials } from './credentials.ts'
import type { Impersonation, Kubectl } from './kubectl.ts'
import { inNamespace, tenant, type Manifest } from './objects.ts'

const tenantStatus = z.object({
  metadata: z.object({ uid: z.string() }),
  status: z.object({
    id: z.string(),
    namespace: z.string(),
    identity: z.object({ issuer: z.string(), audience: z.string(), realm: z.string(), jwks: z.string() }),
    database: z.object({ schema: z.string(), role: z.string() }),
  }),
})

/** What a Tenant's status says of its walls. */
export type TenantStatus = z.infer<typeof tenantStatus>

/** A Tenant as the platform's operator reads it. */
export async function readTenant(kubectl: Kubectl, name: string): Promise<TenantStatus> {
  return tenantStatus.parse(await kubectl.read(['get', 'tenant', name]))
}

/** One organisation on the platform: its Tenant, its objects, its backend, and requests to its host. */
export interface Organisation {
  readonly name: string
  readonly host: string
  readonly namespace: string
  readonly admin: Impersonation
  readonly backend: Backend
  readonly objects: ReturnType<typeof inNamespace>
  apply(...objects: readonly Manifest[]): Promise<string>
  waitReady(...names: readonly string[]): Promise<void>
  credentials(subscription: string): Promise<Credentials>
  token(subscription?: string): Promise<string>
  status(): Promise<TenantStatus>
  send(request: Partial<GatewayRequest> & { readonly path: string }): Promise<GatewayAnswer>
  stop(): Promise<void>
}

export interface OrganisationOptions {
  readonly kubectl: Kubectl
  readonly client: GatewayClient
  readonly baseDomain: string
  readonly tenantSpec?: Readonly<Record<string, unknown>>
}

/** Waits until objects are Ready, as a person would: `kubectl wait`. */
export async function waitReady(
  kubectl: Kubectl,
  namespace: string | undefined,
  names: readonly string[],
): Promise<void> {
  const where = namespace === undefined ? [] : ['-n', namespace]
  const waited = await kubectl.attempt(['wait', '--for=condition=Ready', '--timeout=120s', ...where, ...names])
  if (waited.code === 0) return
  const { stdout } = await kubectl.attempt(['get', ...where, ...names, '-o', 'yaml'])
  throw new Error(`${waited.stderr.trim()}\n${stdout}`)
}

/** Applies a Tenant and waits until it is Ready; nothing is published yet. */
export async function createOrganisation(name: string, options: OrganisationOptions): Promise<Organisation> {
  const { kubectl, client, baseDomain } = options
  const { namespace, host } = addressOf(name, baseDomain)
  const admin = { user: `${name}-admin`, group: `${name}-admins` }
  const backend = await startBackend({ name })
  await kubectl.apply([tenant(name, options.tenantSpec)])
  await waitReady(kubectl, undefined, [`tenant/${name}`])

  const credentials = (subscription: string) => readCredentials(kubectl, namespace, subscription)
  return {
    name,
    host,
    namespace,
    admin,
    backend,
    objects: inNamespace(namespace),
    apply: (...objects) => kubectl.apply(objects, admin),
    waitReady: (...names) => waitReady(kubectl, namespace, names),
    credentials,
    token: async (subscription = 'app') => fetchToken(client, await credentials(subscription)),
    status: () => readTenant(kubectl, name),
    send: (request) => client.send({ host, ...request }),
    stop: () => backend.stop(),
  }
}

/** What most scenarios need: two tools, one tool set for subscribers, one for everybody, a plan and a subscription. */
export async function publishStandard(
  organisation: Organisation,
  planSpec: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { objects, backend, host } = organisation
  await organisation.apply(
    objects.tool('orders', backend.port),
    objects.tool('open', backend.port),
    objects.toolSet('api', host, ['orders']),
    objects.toolSet('public', host, ['open'], { access: 'Public' }),
    objects.plan('standard', planSpec),
    objects.subscription('app', 'api', 'standard'),
  )
  await organisation.waitReady('toolset/api', 'toolset/public', 'subscription/app')
}
