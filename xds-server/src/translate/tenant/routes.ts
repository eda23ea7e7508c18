import { anyOf } from '@bulkhead/envoy'
import type { HeaderMatcher, Route as EnvoyRoute, RouteAction, RouteMatch, RouteRetryPolicy } from '@bulkhead/envoy'
import { clusterName, routeName } from '@bulkhead/tenancy'
import { compareText } from '../../model/compare-text.ts'
import type { Route, TenantModel } from '../../model/model.ts'
import { publicMatch } from '../../model/public-match.ts'
import { extension, literal, milliseconds, off, overwrite } from '../values.ts'
import { answer, authenticatedOnly, cappedOnly, labelled, misdirected, notFound, suspended } from './answers.ts'
import { forwardsToken } from './authentication.ts'
import { comparePaths, pathRules } from './paths.ts'

type Forward = Extract<Route['action'], { kind: 'forward' }>

/** All routes of a tenant in matching order; it depends on what they match and never on their age. */
export function routesOf(model: TenantModel): readonly EnvoyRoute[] {
  if (model.isSuspended) return [misdirected(model), suspended(model)]
  const groups = groupByPath(model.routes)
  return [misdirected(model), ...groups.flatMap((group) => routesOfPath(model, group)), notFound(model)]
}

/** Routes of one host and path, in order. */
type Group = readonly [Route, ...Route[]]

function groupByPath(routes: readonly Route[]): readonly Group[] {
  const groups: [Route, ...Route[]][] = []
  for (const route of [...routes].sort(compareRoutes)) {
    const last = groups.at(-1)
    if (last !== undefined && isSamePath(last[0], route)) last.push(route)
    else groups.push([route])
  }
  return groups
}

function compareRoutes(left: Route, right: Route): number {
  return (
    compareText(left.host, right.host) ||
    comparePaths(publicMatch(left), publicMatch(right)) ||
    // Named methods before "all methods"; otherwise any order that is always the same.
    Number(left.methods.length === 0) - Number(right.methods.length === 0) ||
    compareText(left.toolSet.uid, right.toolSet.uid) ||
    compareText(left.tool.uid, right.tool.uid)
  )
}

function isSamePath(left: Route, right: Route): boolean {
  return left.host === right.host && comparePaths(publicMatch(left), publicMatch(right)) === 0
}

function routesOfPath(model: TenantModel, group: Group): readonly EnvoyRoute[] {
  const routes = group.flatMap((route) => routesOfTool(model, route))
  return group.some((route) => route.methods.length === 0) ? routes : [...routes, ...methodNotAllowed(model, group)]
}

/** What a path answers to all other methods; else they would fall through to a broader route. */
function methodNotAllowed(model: TenantModel, group: Group): readonly EnvoyRoute[] {
  const [route] = group
  const name = `${routeName(model.id, route.toolSet.uid, route.tool.uid)}/method`
  const allow = [...new Set(group.flatMap(({ methods }) => methods))].sort(compareText).join(', ')
  const isPublic = group.every(({ access }) => access === 'Public')
  return matchesOf(group).map((match) => {
    const refusal = answer(name, { ...match, headers: hostMatcher(model, route) }, 405, 'method_not_allowed')
    return {
      ...refusal,
      metadata: labelled(model),
      responseHeadersToAdd: [...(refusal.responseHeadersToAdd ?? []), overwrite('allow', literal(allow))],
      typedPerFilterConfig: isPublic ? cappedOnly : authenticatedOnly,
    }
  })
}

/** Every way in which a path of the group is recognised, each once. */
function matchesOf(group: Group): readonly RouteMatch[] {
  const matches = group.flatMap(({ basePath, match }) => pathRules(basePath, match).map((rule) => rule.match))
  return [...new Map(matches.map((match) => [JSON.stringify(match), match])).values()]
}

function routesOfTool(model: TenantModel, route: Route): readonly EnvoyRoute[] {
  const name = routeName(model.id, route.toolSet.uid, route.tool.uid)
  const headers = [...hostMatcher(model, route), ...methodMatcher(route.methods)]
  const metadata = labelled(model, { toolset: route.toolSet.uid, tool: route.tool.uid })
  return pathRules(route.basePath, route.match).map((rule) => {
    const match: RouteMatch = { ...rule.match, headers }
    const { action } = route
    if (action.kind === 'refuse')
      return { ...answer(name, match, 500, 'tool_unavailable'), metadata, typedPerFilterConfig: authenticatedOnly }
    return {
      name,
      match,
      metadata,
      route: { ...forward(model, action), ...rule.rewrite },
      typedPerFilterConfig: slots(model, route),
      ...(forwardsToken(route) ? {} : { requestHeadersToRemove: ['authorization'] }),
    }
  })
}

function hostMatcher(model: TenantModel, route: Route): readonly HeaderMatcher[] {
  return model.hosts.length > 1 ? [{ name: ':authority', stringMatch: { exact: route.host } }] : []
}

function methodMatcher(methods: readonly string[]): readonly HeaderMatcher[] {
  const [first, ...others] = [...methods].sort(compareText)
  if (first === undefined) return []
  if (others.length === 0) return [{ name: ':method', stringMatch: { exact: first } }]
  return [{ name: ':method', stringMatch: { safeRegex: { regex: [first, ...others].join('|') } } }]
}

function slots(model: TenantModel, route: Route): NonNullable<EnvoyRoute['typedPerFilterConfig']> {
  const context = anyOf('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute', {
    checkSettings: {
      contextExtensions: {
        tenant: model.id,
        namespace: model.namespace,
        toolset: route.toolSet.uid,
        tool: route.tool.uid,
        access: route.access,
      },
    },
  })
  return { 'ext-authz': context, ...(route.access === 'Public' ? { 'tenant-auth': off } : {}) }
}

function forward(model: TenantModel, action: Forward): RouteAction {
  return {
    cluster: clusterName(model.id, action.backend.digest),
    hostRewriteLiteral: action.backend.authority,
    timeout: milliseconds(action.timeoutMs),
    ...(action.retries > 0 ? { retryPolicy: retryPolicy(action.retries) } : {}),
  }
}

function retryPolicy(retries: number): RouteRetryPolicy {
  return {
    retryOn: 'connect-failure,refused-stream,retriable-status-codes',
    retriableStatusCodes: [503],
    numRetries: retries,
    retryBackOff: { baseInterval: '0.025s', maxInterval: '0.25s' },
    retryHostPredicate: [
      extension('previous-hosts', 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
    ],
    hostSelectionRetryMaxAttempts: '3',
  }
}
