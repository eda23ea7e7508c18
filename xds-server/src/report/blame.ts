import { clusterName, routeName } from '@bulkhead/tenancy'
import type { ObjectRef, TenantModel } from '../model/model.ts'

/** What an Envoy refused, in its own words. */
export interface Refusal {
  readonly message: string
  readonly resourceNames: readonly string[]
}

/** Who is at fault for a refusal, and what may be said about it. */
export interface Blame {
  /** Uids; never empty while something is refused. */
  readonly uids: ReadonlySet<string>
  readonly message: string
}

const longestQuote = 800
// An id of some tenant, as it stands at the beginning of a resource's name.
const idPattern = /(?<![a-z2-7])[a-z2-7]{13}(?=\/)/g
// What could be a host: lower case, as every published one is; names of messages and fields are written otherwise.
const hostPattern = /(?<![\w.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+(?![\w(])/g

/** Finds the objects behind a refusal; where the words name none, it is all tool sets of the tenant and the Tenant. */
export function blameFor(refusals: readonly Refusal[], model: TenantModel): Blame | undefined {
  const [first] = refusals
  if (first === undefined) return undefined
  const text = refusals.map(({ message, resourceNames }) => [message, ...resourceNames].join('\n')).join('\n')
  const named = new Set([...namedByRoute(text, model), ...namedByCluster(text, model), ...namedByUid(text, model)])
  const uids = named.size > 0 ? named : new Set([model.ref.uid, ...model.routes.map(({ toolSet }) => toolSet.uid)])
  return { uids, message: quotable(first.message, model) }
}

function namedByRoute(text: string, { id, routes }: TenantModel): readonly string[] {
  return routes
    .filter(({ toolSet, tool }) => text.includes(routeName(id, toolSet.uid, tool.uid)))
    .flatMap(({ toolSet, tool }) => [toolSet.uid, tool.uid])
}

function namedByCluster(text: string, { id, routes }: TenantModel): readonly string[] {
  return routes.flatMap(({ action, tool }) =>
    action.kind === 'forward' && text.includes(clusterName(id, action.backend.digest)) ? [tool.uid] : [],
  )
}

function namedByUid(text: string, { routes, policies, subscriptions }: TenantModel): readonly string[] {
  const refs: readonly ObjectRef[] = [
    ...routes.flatMap(({ toolSet, tool }) => [toolSet, tool]),
    ...policies.map(({ ref }) => ref),
    ...subscriptions.map(({ ref }) => ref),
  ]
  return refs.filter(({ uid }) => text.includes(uid)).map(({ uid }) => uid)
}

// S-187: a response carries one tenant's resources, so Envoy's words are about that tenant. Should they ever name
// anything else (another id, or a host that is not this tenant's), nothing of them is shown.
function quotable(words: string, { id, hosts, routes }: TenantModel): string {
  const own = new Set<string>([...hosts, ...routes.flatMap(backendHosts)])
  const ids = words.match(idPattern) ?? []
  const names = words.match(hostPattern) ?? []
  const isForeignName = (name: string): boolean => !own.has(name) && !isEnvoyWord(name)
  if (ids.some((other) => other !== id) || names.some(isForeignName)) return 'Envoy refused the configuration'
  const clean = words.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim()
  // What is wrong stands at the end, after the whole message in which it is wrong.
  const half = longestQuote / 2
  const quote = clean.length > longestQuote ? `${clean.slice(0, half)} … ${clean.slice(-half)}` : clean
  return `Envoy refused the configuration: ${quote}`
}

function backendHosts({ action }: TenantModel['routes'][number]): readonly string[] {
  if (action.kind === 'refuse') return []
  const host = action.backend.authority.split(':', 1)[0] ?? ''
  return [host, action.backend.tls?.sni ?? host]
}

// Names of Envoy's own types and extensions have dots too, and so has the address before a message that it prints.
function isEnvoyWord(name: string): boolean {
  return /^(envoy|google|goo\.gle|type\.googleapis\.com|xds|udpa|validate)\b/.test(name)
}
