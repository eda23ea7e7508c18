import { kinds } from '@bulkhead/crds'
import { tenantMigrations } from '@bulkhead/database'
import type { Migration } from '@bulkhead/database'
import { secretKind } from '../kubernetes/kinds.ts'
import { stepsIn } from '../testing/steps.ts'
import { incarnationOf } from './incarnation.ts'
import type { Incarnation } from './incarnation.ts'
import type { Stage } from './stage.ts'

/** A tenant to whom things happen, one after the other. */
export interface Life {
  readonly name: string
  /** Every Tenant object of the name so far, the oldest first. */
  readonly incarnations: Incarnation[]
  readonly era: Era
}

/** What holds from now on for every operator of a life: people bring a new release, and time passes. */
export interface Era {
  /** How far the operators' clocks are ahead. */
  aheadMs: number
  /** The history of tenants' schemas in their release. */
  migrations: readonly Migration[]
  /** Whether they begin to lead, as the only operators of their installation. */
  areLeaders: boolean
}

export function newLife(name: string): Life {
  return { name, incarnations: [], era: { aheadMs: 0, migrations: tenantMigrations, areLeaders: false } }
}

/** Something that happens: people do it, and operators have to come to terms with it. */
export interface Scenario {
  readonly title: string
  /** It only makes what the others need, and is tried in another life. */
  readonly isPreparation?: true
  readonly act: (stage: Stage, life: Life) => Promise<void>
  /** What happens as well, before operators had the time to come to terms with it. */
  readonly meanwhile?: (stage: Stage, life: Life) => Promise<void>
}

type Spec = Readonly<Record<string, unknown>>

export const refOf = ({ name }: Life) => ({ kind: kinds.tenant, name })
export const namespaceOf = ({ name }: Life): string => `tenant-${name}`

export async function create({ world }: Stage, life: Life, spec: Spec): Promise<void> {
  const { name } = life
  const made = await world.admin.create(kinds.tenant, {
    metadata: { name },
    spec: { displayName: 'A tenant', ...spec },
  })
  life.incarnations.push(incarnationOf(made.metadata.uid ?? ''))
}

async function change({ world }: Stage, life: Life, spec: Spec): Promise<void> {
  await world.admin.patch(refOf(life), { type: 'merge', body: { spec } })
}

const remove = ({ world }: Stage, life: Life): Promise<void> => world.admin.delete(refOf(life))

const created: Scenario = { title: 'create', act: (stage, life) => create(stage, life, {}) }

// Something of every wall.
const updated: Scenario = {
  title: 'update',
  act: async (stage, life) => {
    const { name } = life
    const provider = {
      metadata: { name: 'provider', namespace: namespaceOf(life) },
      data: { 'client-secret': 'c2VjcmV0' },
    }
    await stage.world.admin.create(secretKind, provider)
    const issuer = `${stage.issuer.url}/${name}`
    const login = { alias: 'company', issuer, clientID: 'bulkhead', secretRef: { name: 'provider' } }
    await change(stage, life, {
      displayName: 'Another name',
      hostnames: [{ host: `${name}.example` }],
      admins: [{ kind: 'Group', name: `${name}-admins` }],
      identity: { realm: { accessTokenLifetime: '10m', mfa: 'Required', passwordMinLength: 16, federation: [login] } },
      database: { connectionLimit: 7 },
      limits: { requestsPerSecond: { guaranteed: 1, ceiling: 5 } },
      quota: { tools: 5, resources: { 'requests.cpu': '2' } },
      network: { egress: [{ cidr: '203.0.113.0/24', ports: [443] }] },
    })
  },
}

const suspended: Scenario = { title: 'suspend', act: (stage, life) => change(stage, life, { suspended: true }) }
const resumed: Scenario = { title: 'resume', act: (stage, life) => change(stage, life, { suspended: false }) }

export const subscribed: Scenario = {
  title: 'subscribe',
  act: async ({ world }, life) => {
    const steps = stepsIn(world)
    await steps.publish(namespaceOf(life), `${life.name}.gw.test`)
    await steps.subscribe(namespaceOf(life), 'app')
  },
}

// Other roles and another name, and its Secret is gone.
const resubscribed: Scenario = {
  title: 'change a subscription',
  act: async ({ world: { admin } }, life) => {
    const at = (name: string) => ({ namespace: namespaceOf(life), name })
    const roles = { spec: { roles: ['reader', 'auditor'] } }
    await admin.patch({ kind: kinds.plan, ...at('gold') }, { type: 'merge', body: roles })
    const named = { spec: { application: { displayName: 'Another' } } }
    await admin.patch({ kind: kinds.subscription, ...at('app') }, { type: 'merge', body: named })
    await admin.delete({ kind: secretKind, ...at('app-credentials') })
  },
}

const unsubscribed: Scenario = {
  title: 'end a subscription',
  act: ({ world: { admin } }, life) =>
    admin.delete({ kind: kinds.subscription, namespace: namespaceOf(life), name: 'app' }),
}

const retained: Scenario = { title: 'delete, Retain', act: remove }
const recreated: Scenario = {
  title: 'create again',
  act: (stage, life) => create(stage, life, { deletionPolicy: 'Delete' }),
}
const purged = (title: string): Scenario => ({ title, act: remove })
const adopted: Scenario = {
  title: 'adopt',
  act: (stage, life) =>
    create(stage, life, {
      ...{ deletionPolicy: 'Delete', hostnames: [{ host: `${life.name}.example` }] },
      adopt: { id: life.incarnations[0]?.id },
    }),
}

/** A tenant with a realm, while it stands. */
export const standingLife: readonly Scenario[] = [
  ...[created, updated, subscribed, resubscribed, suspended, resumed, unsubscribed],
]

/** One that goes and comes back, empty and then with what it left, until nothing is left of it. */
export const returningLife: readonly Scenario[] = [
  ...[created, retained, recreated, purged('delete, Delete'), adopted, purged('delete what was adopted')],
]

/** A short one, with a write of nearly every kind. */
export const busyLife: readonly Scenario[] = [
  { title: 'create', act: (stage, life) => create(stage, life, { deletionPolicy: 'Delete' }) },
  ...[updated, subscribed, purged('delete')],
]

const ownIssuer = ({ issuer: { url } }: Stage, { name }: Life, audiences: readonly string[]): Spec => ({
  identity: { type: 'External', external: { issuer: `${url}/${name}`, audiences, jwksURI: `${url}/${name}/keys` } },
})

/** A tenant that brings its own issuer. */
export const externalLife: readonly Scenario[] = [
  {
    title: 'create, External',
    act: (stage, life) => create(stage, life, { deletionPolicy: 'Delete', ...ownIssuer(stage, life, ['orders']) }),
  },
  { title: 'update, External', act: (stage, life) => change(stage, life, ownIssuer(stage, life, ['orders', 'stock'])) },
  purged('delete, External'),
]

/** Made and deleted, under each policy. */
export const shortLives: readonly (readonly [Scenario, Scenario])[] = (['Delete', 'Retain'] as const).map((policy) => [
  { title: `create, ${policy}`, act: (stage, life) => create(stage, life, { deletionPolicy: policy }) },
  { title: `delete, ${policy}`, act: remove },
])

/** Made, and gone before it was ready. */
export const briefLife: readonly Scenario[] = [
  {
    title: 'delete while creating',
    act: (stage, life) => create(stage, life, { deletionPolicy: 'Delete' }),
    meanwhile: remove,
  },
]
