// What must hold for any tenants side by side, whatever they wrote. The rules of `lint` are asked first; here it is held
// against the objects themselves that what is said of a tenant is that very tenant's, and that nothing is passed over.
import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { at, isObject, isOfType, listAt, textAt } from '../lint/json.ts'
import type { Json } from '../lint/json.ts'
import { lintResource } from '../lint/lint.ts'
import type { RawTenant } from './objects.ts'
import type { Understood } from './understand.ts'

/** Every sentence is something that should not be; none is what is hoped for. */
export function brokenInvariants(tenants: readonly Understood[]): readonly string[] {
  return tenants.flatMap((tenant) => {
    const others = tenants.filter(({ group }) => group !== tenant.group)
    const checks = [rules, strangers(others), ownNames, ownProvider, ownContexts, ownLimits, ownDecisions, silence]
    return checks.flatMap((check) => check(tenant)).map((sentence) => `${tenant.group}: ${sentence}`)
  })
}

type Check = (tenant: Understood) => readonly string[]

const rules: Check = ({ read }) =>
  read
    .flatMap(({ typeUrl, name, json }) => lintResource(typeUrl, name, json))
    .map(({ rule, resource, message }) => `${resource} breaks ${rule}: ${message}`)

/** Ids are opaque and nobody is told another's: where one stands, it was not put by its owner. */
const strangers = (others: readonly Understood[]): Check => {
  return ({ resources, data }) => {
    const texts = [JSON.stringify(data ?? {}), ...resources.map(({ bytes }) => Buffer.from(bytes).toString('latin1'))]
    const named = others.filter(({ group }) => texts.some((text) => text.includes(group)))
    return named.map(({ group }) => `names the tenant ${group}`)
  }
}

const ownNames: Check = ({ tenant, group, resources }) => {
  const granted = new Set(tenant.status?.granted?.hostnames)
  const isOwn = ({ typeUrl, name }: EncodedResource): boolean =>
    typeUrl === TYPE_URLS.scopedRoute ? granted.has(name) : name.startsWith(`${group}/`)
  return resources.filter((each) => !isOwn(each)).map(({ name }) => `publishes "${name}", which is not its own`)
}

function virtualHosts({ read }: Understood): readonly Json[] {
  return read.flatMap(({ typeUrl, json }) =>
    typeUrl === TYPE_URLS.routeConfiguration ? listAt(json, 'virtualHosts') : [],
  )
}

const slot = (owner: Json, name: string): Json => at(owner, `typedPerFilterConfig.${name}`)

/** Either the tenant's issuer with the tenant's keys and nobody else's, or nobody gets in. */
const ownProvider: Check = (tenant) => {
  const { issuer, audience, audiences = [], jwks } = tenant.tenant.status?.identity ?? {}
  const wanted = JSON.stringify([issuer, (audience === undefined ? audiences : [audience]).toSorted(), jwks])
  return virtualHosts(tenant).flatMap((host) => {
    const filter = at(slot(host, 'tenant-auth'), 'filterChain.filters.0.typedConfig')
    const provider = at(filter, 'providers.realm')
    const has = [textAt(provider, 'issuer'), listAt(provider, 'audiences'), textAt(provider, 'localJwks.inlineString')]
    const isShut = isOfType(filter, 'Lua')
    return isShut || JSON.stringify(has) === wanted ? [] : [`believes ${JSON.stringify(has)} instead of ${wanted}`]
  })
}

/** What policy is told of a route is what the very objects say. */
const ownContexts: Check = (tenant) => {
  const routes = virtualHosts(tenant).flatMap((host) => listAt(host, 'routes'))
  return routes
    .filter((route) => isObject(at(route, 'route')))
    .filter((route) => JSON.stringify(toldOf(route)) !== JSON.stringify(trueOf(tenant, toldOf(route))))
    .map((route) => `tells policy of a route ${JSON.stringify(toldOf(route))}`)
}

interface Told {
  readonly tenant: string
  readonly namespace: string
  readonly toolset: string
  readonly tool: string
  readonly access: string
  readonly isOpen: boolean
}

function toldOf(route: Json): Told {
  const told = at(slot(route, 'ext-authz'), 'checkSettings.contextExtensions')
  const isOpen = at(slot(route, 'tenant-auth'), 'disabled') === true
  return {
    ...{ tenant: textAt(told, 'tenant'), namespace: textAt(told, 'namespace'), toolset: textAt(told, 'toolset') },
    ...{ tool: textAt(told, 'tool'), access: textAt(told, 'access'), isOpen },
  }
}

function trueOf({ tenant, group, raw }: Understood, { toolset, tool }: Told): Told | undefined {
  const find = (kind: string, uid: string) =>
    raw.objects.find((each) => each.kind === kind && each.metadata.uid === uid)
  const toolSet = find('ToolSet', toolset)
  if (toolSet === undefined || find('Tool', tool) === undefined) return undefined
  const { access = 'Subscribed' } = toolSet.spec as { readonly access?: string }
  const namespace = `tenant-${tenant.metadata.name}`
  return { tenant: group, namespace, toolset, tool, access, isOpen: access === 'Public' }
}

const ownLimits: Check = (tenant) => {
  const { guaranteed = 0 } = tenant.tenant.status?.granted ?? {}
  return virtualHosts(tenant).flatMap((host) => {
    const marked = Number(at(slot(host, 'tenant-guarantee'), 'tokenBucket.maxTokens') ?? 0)
    const cap = Number(at(slot(host, 'tenant-cap'), 'tokenBucket.maxTokens') ?? 0)
    const { ceiling } = tenant.built.model.limits
    const hasCap = cap >= ceiling && cap <= Math.max(64, 2 * ceiling)
    return marked === guaranteed && hasCap ? [] : [`is limited to ${marked} and ${cap} with ${guaranteed} granted`]
  })
}

/** What OPA decides by speaks of this tenant's objects alone. */
const ownDecisions: Check = ({ data, raw }) => {
  if (data === undefined) return []
  const own = new Set(raw.objects.map(({ metadata }) => metadata.uid))
  const named = [...Object.keys(data.plans), ...Object.keys(data.policies), ...subscribed(data)].filter(
    (uid) => uid !== '',
  )
  return named.filter((uid) => !own.has(uid)).map((uid) => `decides by "${uid}", which is none of its objects`)
}

function subscribed({ subscriptions }: NonNullable<Understood['data']>): readonly string[] {
  return Object.values(subscriptions).flatMap(({ uid, toolset, plan }) => [uid, toolset, plan])
}

/** Whoever wrote an object is told what became of it, and which field is wrong. */
const silence: Check = ({ raw, built }) => {
  const told = new Set(built.findings.map(({ ref }) => ref.uid))
  const mute = live(raw).filter(({ metadata }) => !told.has(metadata.uid))
  const vague = built.findings.filter(({ problems }) => problems.some(({ field }) => field === ''))
  return [
    ...mute.map(({ kind, metadata }) => `says nothing of ${kind} "${metadata.name}"`),
    ...vague.map(({ ref }) => `does not say which field of ${ref.kind} "${ref.name}" is wrong`),
  ]
}

function live({ objects }: RawTenant): RawTenant['objects'] {
  return objects.filter(({ metadata }) => metadata['deletionTimestamp'] === undefined)
}
