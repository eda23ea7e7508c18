import { kinds } from '@bulkhead/crds'
import type { Condition } from '@bulkhead/crds'
import type { KubeKind, KubeObject, KubeRef } from '@bulkhead/runtime'
import pg from 'pg'
import { z } from 'zod'
import { readSubscription, readTenant } from '../facts.ts'
import type { SubscriptionFacts, TenantFacts } from '../facts.ts'
import { secretKind } from '../kubernetes/kinds.ts'
import { systemNamespace } from './world.ts'
import type { World } from './world.ts'

/** What a test says of a Tenant beyond the least. */
export type SpecInput = Readonly<Record<string, unknown>>

/** The verbs of a scenario, over one world. */
export interface Steps {
  createTenant(name: string, spec?: SpecInput): Promise<void>
  changeTenant(name: string, spec: SpecInput): Promise<void>
  /** Waits until the Tenant is no more. */
  gone(name: string): Promise<void>
  /** What was derived for a Tenant; throws when its status does not say. */
  factsOf(name: string): Promise<Facts>
  /** Logs in to Postgres as a tenant's role, with what the operator stored for it. */
  login(id: string | undefined): Promise<pg.Client>
  /** Waits until these conditions have this status at the Tenant's newest generation. */
  tenantWith(name: string, status: Condition['status'], types: readonly string[]): Promise<TenantFacts>
  subscriptionWith(ref: KubeRef, status: Condition['status'], types: readonly string[]): Promise<SubscriptionFacts>
  /** A ToolSet `orders` and a Plan `gold`. */
  publish(namespace: string, hostname: string): Promise<void>
  /** A Subscription to both, with its Secret `<name>-credentials`. */
  subscribe(namespace: string, name: string): Promise<void>
  /** Says what the xds-server would say. */
  program(kind: KubeKind, object: Pick<TenantFacts, 'metadata'>, reason?: string): Promise<void>
  secret(namespace: string, name: string): Promise<Readonly<Record<string, string>>>
  /** A token by client credentials, decoded; or Keycloak's refusal. */
  token(credentials: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>>
}

export interface Facts {
  readonly id: string
  readonly realm: string
  readonly audience: string
}

const factsShape = z.object({ id: z.string(), identity: z.object({ realm: z.string(), audience: z.string() }) })
const secretShape = z.object({ data: z.record(z.string(), z.string()) })
const statusShape = z.object({
  conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
})

export function stepsIn(world: World): Steps {
  const refOf = (name: string): KubeRef => ({ kind: kinds.tenant, name })
  return {
    createTenant: async (name, spec = {}) => {
      await world.admin.create(kinds.tenant, { metadata: { name }, spec: { displayName: name, ...spec } })
    },
    changeTenant: async (name, spec) => {
      await world.admin.patch(refOf(name), { type: 'merge', body: { spec } })
    },
    gone: async (name) => {
      await world.until(refOf(name), (found) => found === undefined)
    },
    factsOf: async (name) => {
      const { id, identity } = factsShape.parse((await world.admin.get(refOf(name)))['status'])
      return { id, ...identity }
    },
    login: async (id = '') => {
      const { host, port, database, user, password } = await readSecret(world, systemNamespace, `database-${id}`)
      const client = new pg.Client({ host, port: Number(port), database, user, password })
      await client.connect()
      return client
    },
    tenantWith: async (name, status, types) =>
      readTenant(await world.until(refOf(name), (found) => hasAll(found, status, types))).object,
    subscriptionWith: async (ref, status, types) =>
      readSubscription(await world.until(ref, (found) => hasAll(found, status, types))).object,
    ...publishing(world),
    program: async (kind, { metadata }, reason = 'Programmed') => {
      const status = reason === 'Programmed' ? 'True' : 'False'
      const { name, namespace, generation: observedGeneration } = metadata
      const condition = { type: 'Programmed', status, reason, message: '', observedGeneration }
      const conditions = [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }]
      const body = { metadata: { name, namespace }, status: { conditions } }
      await world.admin.applyStatus(kind, body, { fieldManager: 'bulkhead-xds-server', force: true })
    },
    secret: (namespace, name) => readSecret(world, namespace, name),
    token: async (credentials) => {
      const answer = await fetch(credentials['token-url'] ?? '', {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: credentials['client-id'] ?? '',
          client_secret: credentials['client-secret'] ?? '',
        }),
      })
      const body = z.looseObject({ access_token: z.string().optional() }).parse(await answer.json())
      if (body.access_token === undefined) return { status: answer.status, ...body }
      const payload = Buffer.from(body.access_token.split('.')[1] ?? '', 'base64url').toString()
      return z.record(z.string(), z.unknown()).parse(JSON.parse(payload))
    },
  }
}

function publishing(world: World): Pick<Steps, 'publish' | 'subscribe'> {
  return {
    publish: async (namespace, hostname) => {
      const meta = (name: string) => ({ name, namespace })
      const spec = { hostname, basePath: '/orders', tools: ['list'] }
      await world.admin.create(kinds.toolSet, { metadata: meta('orders'), spec })
      await world.admin.create(kinds.plan, { metadata: meta('gold'), spec: { roles: ['reader', 'writer'] } })
    },
    subscribe: async (namespace, name) => {
      await world.admin.create(kinds.subscription, {
        metadata: { namespace, name },
        spec: {
          ...{ toolSetRef: { name: 'orders' }, planRef: { name: 'gold' }, application: { displayName: 'App' } },
          credentials: { type: 'OAuth2', secretName: `${name}-credentials` },
        },
      })
    },
  }
}

async function readSecret(world: World, namespace: string, name: string): Promise<Readonly<Record<string, string>>> {
  const { data } = secretShape.parse(await world.admin.get({ kind: secretKind, namespace, name }))
  const values = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
  return Object.fromEntries(values) as Record<string, string>
}

function hasAll(found: KubeObject | undefined, status: string, types: readonly string[]): boolean {
  const parsed = statusShape.safeParse(found?.['status'])
  if (!parsed.success) return false
  return types.every((type) =>
    parsed.data.conditions.some(
      (entry) =>
        entry.type === type && entry.status === status && entry['observedGeneration'] === found?.metadata.generation,
    ),
  )
}
