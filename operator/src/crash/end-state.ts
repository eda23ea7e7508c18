import { kinds } from '@bulkhead/crds'
import { checkKeys } from '@bulkhead/identity'
import type { KubeKind, KubeObject } from '@bulkhead/runtime'
import { databaseSecretOf, namespaceOf, parseTenantName, roleOf, tenantNameLabel } from '@bulkhead/tenancy'
import type { TenantName } from '@bulkhead/tenancy'
import { z } from 'zod'
import { namespaceKind, secretKind } from '../kubernetes/kinds.ts'
import { systemNamespace } from '../testing/world.ts'
import type { Incarnation } from './incarnation.ts'
import type { Life } from './life.ts'
import type { PostgresState } from './postgres-state.ts'
import type { Stage } from './stage.ts'

/** Looks at everything that there is of one tenant, as one text: two tenants in the same state give the same text. */
export async function endStateOf(stage: Stage, name: string, incarnations: readonly Incarnation[]): Promise<string> {
  const { admin } = stage.world
  const tenantName = nameIn(name)
  const namespace = namespaceOf(tenantName)
  const [tenant, own, system, inside, postgres, realms] = await Promise.all([
    admin.find({ kind: kinds.tenant, name }),
    admin.find({ kind: namespaceKind, name: namespace }),
    admin.listAll(secretKind, { namespace: systemNamespace, labelSelector: `${tenantNameLabel}=${name}` }),
    insideOf(stage, namespace),
    stage.postgres.look(name, incarnations),
    stage.realms.look(tenantName, incarnations),
  ])
  const secrets = system.items.map((item) => secretShape.parse(item))
  const state = {
    tenant: tenant && (await told(stage, tenant)),
    namespace: own && shown(own),
    inside: inside.others,
    secrets: inside.secrets,
    systemSecrets: secrets.map(shownSecret),
    realms,
    postgres: postgres.state,
    passwordsOpen: secrets.flatMap((secret) => opens(secret, incarnations, postgres)),
  }
  return written(state, { name, incarnations, secrets: [...state.systemSecrets, ...inside.secrets] })
}

function nameIn(text: string): TenantName {
  const name = parseTenantName(text)
  if (name === undefined) throw new Error(`"${text}" is no tenant's name`)
  return name
}

type Shown = Readonly<Record<string, unknown>>

const secretShape = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
})
type SecretObject = z.infer<typeof secretShape>

function decoded(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

interface ShownSecret {
  readonly name: string
  readonly data: Readonly<Record<string, string>>
  readonly rest: Shown
}

function shownSecret({ data, ...secret }: SecretObject): ShownSecret {
  return { name: secret.metadata.name, data: decoded(data), rest: shown(secret) }
}

const passing = ['managedFields', 'creationTimestamp', 'resourceVersion', 'uid', 'generation', 'ownerReferences']

function shown({ apiVersion: _apiVersion, kind: _kind, status: _status, ...rest }: KubeObject): Shown {
  const metadata = Object.entries(rest.metadata).filter(([key]) => !passing.includes(key))
  return { ...rest, metadata: Object.fromEntries(metadata) }
}

// A kind of ours has a status that counts.
async function told(stage: Stage, object: KubeObject): Promise<Shown> {
  const status = statusShape.parse(object['status'] ?? {})
  const isCurrent = status.observedGeneration === object.metadata.generation
  const { realm, jwks } = status.identity ?? {}
  if (realm === undefined) return { ...shown(object), status, isCurrent }
  // Keys are random; that they are those of the realm is what counts.
  const published = checkKeys(
    await stage.world.parts.keycloak.publishedKeys(realm, stage.signal).catch(() => undefined),
  )
  const keys = published.ok && published.jwks === jwks ? 'as published' : jwks
  return { ...shown(object), status: { ...status, identity: { ...status.identity, jwks: keys } }, isCurrent }
}

const statusShape = z.looseObject({
  observedGeneration: z.number().optional(),
  identity: z.looseObject({ realm: z.string().optional(), jwks: z.string().optional() }).optional(),
})

interface Inside {
  readonly secrets: readonly ShownSecret[]
  readonly others: Shown
}

async function insideOf(stage: Stage, namespace: string): Promise<Inside> {
  const { world, places } = stage
  const list = async ({ plural, ...kind }: KubeKind) => {
    const items = (await world.admin.listAll({ plural, ...kind }, { namespace })).items as readonly KubeObject[]
    return [plural, items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')] as const
  }
  const found = new Map(await Promise.all(places.map(list)))
  const secrets = (found.get('secrets') ?? []).map((one) => shownSecret(secretShape.parse(one)))
  const others = [...found].filter(([plural]) => plural !== 'secrets')
  const show = async ([plural, objects]: readonly [string, readonly KubeObject[]]) =>
    [
      plural,
      await Promise.all(objects.map(async (one) => (plural === 'subscriptions' ? told(stage, one) : shown(one)))),
    ] as const
  return { secrets, others: Object.fromEntries(await Promise.all(others.map(show))) }
}

// Which stored passwords open their role.
function opens(
  { metadata, data }: SecretObject,
  incarnations: readonly Incarnation[],
  postgres: PostgresState,
): object[] {
  return incarnations.flatMap(({ id }) => {
    if (metadata.name !== databaseSecretOf(id)) return []
    return [{ secret: metadata.name, opens: postgres.opens(roleOf(id), decoded(data)['password'] ?? '') }]
  })
}

/** What tells a thing from another of its name: were it made again, it would be another one. */
export async function marksOf(stage: Stage, { name, incarnations }: Life): Promise<readonly string[]> {
  const { admin } = stage.world
  const realms = await stage.realms.look(nameIn(name), incarnations)
  const objects = async (kind: KubeKind, namespace: string | undefined, labelSelector?: string) => {
    const { items } = await admin.listAll(kind, { namespace, labelSelector })
    return (items as readonly KubeObject[]).map(
      ({ metadata }) => `${kind.plural} ${metadata.name} ${metadata.uid ?? ''}`,
    )
  }
  const selector = `${tenantNameLabel}=${name}`
  const found = await Promise.all([
    objects(namespaceKind, undefined, selector),
    objects(secretKind, systemNamespace, selector),
    ...stage.places.map((kind) => objects(kind, `tenant-${name}`)),
  ])
  return [...found.flat(), ...realms.map((realm) => JSON.stringify(realm).slice(0, 50))]
}

interface Known {
  readonly name: string
  readonly incarnations: readonly Incarnation[]
  readonly secrets: readonly ShownSecret[]
}

// The same secret in two places is the same word in the text; one that is not stored stands there as it is, and differs.
function written(state: object, { name, incarnations, secrets }: Known): string {
  const random = secrets.flatMap((secret) =>
    Object.entries(secret.data).flatMap(([key, value]) =>
      /^[\w.~-]{43,}$/.test(value) ? [[value, `<${key} of ${secret.name}>`] as const] : [],
    ),
  )
  const named = incarnations.flatMap(({ uid, id }, index) => [
    [uid, `{uid ${index + 1}}`] as const,
    [id, `{id ${index + 1}}`] as const,
  ])
  const text = [...random, ...named].reduce(
    (all, [value, word]) => all.replaceAll(value, word),
    JSON.stringify(state, sortedKeys),
  )
  const worded = text
    .replaceAll(new RegExp(`(?<![a-z0-9])${name}(?![a-z0-9])`, 'g'), '{tenant}')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^"]*/g, '{time}')
    .replaceAll(/(?<=bulkhead )((\d{10}|-) ){3}/g, (times) => times.replaceAll(/\d{10}/g, '{seconds}'))
    .replaceAll(/"password":"[\w.~-]{43,}"/g, '"password":"<stored nowhere>"')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '{uuid}')
    .replaceAll(/[0-9a-f]{64}/g, '{digest}')
  return JSON.stringify(inOrder(JSON.parse(worded)), undefined, 1)
}

// What was listed by names of which ids are a part is in an order of its own for each tenant.
const listedByName: readonly string[] = ['systemSecrets', 'realms', 'passwordsOpen', 'postgres', 'registry']

function inOrder(value: unknown, isByName = false): unknown {
  if (Array.isArray(value))
    return isByName ? value.toSorted((a, b) => compare(JSON.stringify(a), JSON.stringify(b))) : value
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    return [key, inOrder(inner, isByName || listedByName.includes(key))]
  })
  return Object.fromEntries(entries)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** The lines in which two texts differ, at most so many of each. */
export function differences(wanted: string, seen: string, most = 12): readonly string[] {
  const [before, after] = [wanted.split('\n'), seen.split('\n')]
  const only = (lines: readonly string[], others: readonly string[], mark: string) => {
    const counts = new Map<string, number>()
    for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1)
    return lines
      .filter((line) => {
        const left = counts.get(line) ?? 0
        counts.set(line, left - 1)
        return left <= 0
      })
      .slice(0, most)
      .map((line) => `${mark}${line}`)
  }
  return [...only(before, after, '- '), ...only(after, before, '+ ')]
}
