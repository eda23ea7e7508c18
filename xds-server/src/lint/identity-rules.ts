// What must hold for the resources of an identity host, which are the platform's and follow rules of their own. Said a
// second time and on purpose, like the rest of what the rules expect.
import type { JsonObject } from '@bulkhead/envoy'
import { serverNameHeader } from '@bulkhead/tenancy'
import { guards } from './contract.ts'
import { at, everyText, isObject, isOfType, listAt, textAt } from './json.ts'
import type { Json } from './json.ts'
import { is, isAbsent, isSet, optionRules, rule } from './rule.ts'
import type { Rule } from './rule.ts'

const ownName = /^platform\/identity\/[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?\/(routes|cluster)$/

/** Whether a resource is an identity host's, by the name it has or leads to. */
export function isOfIdentity(name: string): boolean {
  return ownName.test(name)
}

const vhosts = (routes: JsonObject): readonly Json[] => listAt(routes, 'virtualHosts')
const routesIn = (routes: JsonObject): readonly Json[] => vhosts(routes).flatMap((host) => listAt(host, 'routes'))
const slot = (owner: Json, name: string): Json => at(owner, `typedPerFilterConfig.${name}`)
const isOff = (owner: Json, name: string): boolean => at(slot(owner, name), 'disabled') === true
const forwards = (route: Json): boolean => isObject(at(route, 'route'))
const limits = (routes: JsonObject): readonly Json[] => vhosts(routes).map((host) => slot(host, 'tenant-cap'))

const realmPath = String.raw`/realms/[a-z][-a-z0-9]*-[a-z2-7]{13}/[-._a-zA-Z0-9/]*(\?.*)?`
const themePath = String.raw`/resources/[-._~@+a-zA-Z0-9/]*(\?.*)?`
const realmTemplate =
  /^\/realms\/\*\/(\.well-known\/[a-z-]+|protocol\/openid-connect\/[-a-z0-9./]+|login-actions\/[a-z-]+|broker\/(\*\/[a-z_/]+|[a-z-]+)|device|account|account\/\*\*)$/
const themeTemplate = /^\/resources\/\*\/(login|account|common)\/\*\*$/
const neverServed = /admin|master|clients-registrations|clients-managements|ciba|backchannel|\/token$/

function pathOf(route: Json): { readonly template: string; readonly guard: string } {
  const matchers = listAt(route, 'match.headers')
  const guard = matchers.find((each) => textAt(each, 'name') === ':path' && at(each, 'invertMatch') !== true)
  return {
    template: textAt(route, 'match.pathMatchPolicy.typedConfig.pathTemplate'),
    guard: textAt(guard, 'stringMatch.safeRegex.regex'),
  }
}

// Of several ways to match a path the last would count.
const pathKinds = ['prefix', 'path', 'safeRegex', 'pathSeparatedPrefix', 'connectMatcher'] as const

function isOpenToAll(route: Json): boolean {
  const { template, guard } = pathOf(route)
  if (!isObject(at(route, 'match')) || pathKinds.some((kind) => at(route, `match.${kind}`) !== undefined)) return false
  if (themeTemplate.test(template)) return guard === themePath
  const isToken = template === '/realms/*/protocol/openid-connect/token'
  return realmTemplate.test(template) && guard === realmPath && (isToken || !neverServed.test(template))
}

/** What must hold for an identity host's RouteConfiguration. */
export const identityRouteRules: readonly Rule[] = [
  rule('identity/one-host', 'there must be one virtual host "*" for every domain', (routes) => {
    const [only, ...others] = vhosts(routes)
    return others.length === 0 && JSON.stringify(at(only, 'domains')) === '["*"]'
  }),
  rule('identity/misdirected', 'the first route must answer 421 to other server names', (routes) => {
    const [first] = routesIn(routes)
    const [matcher, ...others] = listAt(first, 'match.headers')
    return (
      at(first, 'directResponse.status') === 421 &&
      textAt(first, 'match.prefix') === '/' &&
      others.length === 0 &&
      textAt(matcher, 'name') === serverNameHeader &&
      at(matcher, 'invertMatch') === true
    )
  }),
  rule('identity/catch-all', 'the last route must answer everything that is left with 404', (routes) => {
    const last = routesIn(routes).at(-1)
    return at(last, 'directResponse.status') === 404 && JSON.stringify(at(last, 'match')) === '{"prefix":"/"}'
  }),
  rule('identity/closed-list', 'only what is open to everybody may be forwarded, of tenants’ realms alone', (routes) =>
    routesIn(routes).every((route) => !forwards(route) || isOpenToAll(route)),
  ),
  rule('identity/cluster', 'a route must go to the shard’s own cluster, with the path as it came', (routes) => {
    const own = textAt(routes, 'name').replace(/routes$/, 'cluster')
    return routesIn(routes).every(
      (route) =>
        at(route, 'redirect') === undefined &&
        (!forwards(route) ||
          (textAt(route, 'route.cluster') === own &&
            ['prefixRewrite', 'regexRewrite', 'pathRewritePolicy', 'clusterHeader', 'weightedClusters'].every(
              (key) => at(route, `route.${key}`) === undefined,
            ))),
    )
  }),
  rule('identity/answers', 'a route that answers by itself must switch every guard off', (routes) =>
    routesIn(routes).every((route) => forwards(route) || guards.every((name) => isOff(route, name))),
  ),
  rule('identity/forwards', 'a route that forwards must keep what its virtual host says', (routes) =>
    routesIn(routes).every((route) => !forwards(route) || at(route, 'typedPerFilterConfig') === undefined),
  ),
  rule('identity/slots', 'a virtual host must switch off what asks for a tenant, and nothing else', (routes) =>
    vhosts(routes).every((host) => {
      const config = at(host, 'typedPerFilterConfig')
      const wanted = ['ext-authz', 'ratelimit', 'ratelimit-pool', 'tenant-auth', 'tenant-cap']
      const isWhole = isObject(config) && Object.keys(config).sort().join() === wanted.join()
      return isWhole && wanted.every((name) => isOff(host, name) === (name !== 'tenant-cap'))
    }),
  ),
  rule('identity/forwarded-for', 'the address and scheme that the provider believes must be overwritten', (routes) =>
    vhosts(routes).every((host) =>
      [
        ['x-forwarded-for', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'],
        ['x-forwarded-proto', 'https'],
      ].every(([name, value]) =>
        listAt(host, 'requestHeadersToAdd').some(
          (each) =>
            textAt(each, 'header.key') === name &&
            textAt(each, 'header.value') === value &&
            textAt(each, 'appendAction') === 'OVERWRITE_IF_EXISTS_OR_ADD',
        ),
      ),
    ),
  ),
  rule('identity/inner', 'what only Envoy needs must be removed', (routes) =>
    vhosts(routes).every((host) => listAt(host, 'requestHeadersToRemove').includes(serverNameHeader)),
  ),
  ...optionRules('identity/limit', limits, {
    'tokenBucket.maxTokens': isSet,
    'filterEnabled.defaultValue.numerator': is(100),
    'filterEnforced.defaultValue.numerator': is(100),
    localClusterRateLimit: isSet,
    stage: is(10),
    alwaysConsumeDefaultTokenBucket: is(false),
  }),
  rule('identity/realm-limits', 'a bucket must be one realm’s, counted by the path that leads to it', (routes) =>
    limits(routes).every((config) => {
      const counted = listAt(config, 'rateLimits').map((each) => {
        const [action, ...others] = listAt(each, 'actions')
        const realm = textAt(action, 'headerValueMatch.descriptorValue')
        const [header] = listAt(action, 'headerValueMatch.headers')
        const isRealm = textAt(header, 'stringMatch.prefix') === `/realms/${realm}/`
        const isTheme = realm === 'any' && textAt(header, 'stringMatch.prefix') === '/resources/'
        return others.length === 0 && textAt(header, 'name') === ':path' && (isRealm || isTheme) ? realm : undefined
      })
      const buckets = listAt(config, 'descriptors').map((each) => textAt(each, 'entries.0.value'))
      return !buckets.includes('') && JSON.stringify(counted) === JSON.stringify(buckets)
    }),
  ),
  rule('identity/no-tenant', 'nothing may be named after one tenant but its realm', (routes) =>
    everyText(routes).every((text) => !/^([a-z2-7]{13})\/|^urn:bulkhead:tenant:/.test(text)),
  ),
]

const tlsOf = (cluster: JsonObject): readonly Json[] => {
  const config = at(cluster, 'transportSocket.typedConfig')
  return isOfType(config, 'UpstreamTlsContext') ? [config] : []
}

/** What must hold for an identity shard's cluster, whose name is the platform's and may be resolved by Envoy. */
export const identityClusterRules: readonly Rule[] = [
  ...optionRules('identity/cluster', (cluster) => [cluster], {
    type: is('STRICT_DNS'),
    clusterType: isAbsent,
    edsClusterConfig: isAbsent,
    'loadAssignment.endpoints.0.lbEndpoints.0': isSet,
    'loadAssignment.endpoints.1': isAbsent,
    'circuitBreakers.thresholds.0.maxConnections': isSet,
    'circuitBreakers.thresholds.0.maxRequests': isSet,
    'circuitBreakers.thresholds.0.retryBudget': isSet,
    // A tenant can make the provider answer with errors, and must not take it from the others by them.
    'outlierDetection.splitExternalLocalOriginErrors': is(true),
    'outlierDetection.enforcingConsecutive5xx': is(0),
    'outlierDetection.enforcingConsecutiveGatewayFailure': is(0),
  }),
  ...optionRules('identity/tls', tlsOf, {
    sni: isSet,
    'commonTlsContext.validationContext.trustedCa.filename': isSet,
    'commonTlsContext.validationContext.matchTypedSubjectAltNames.0': isSet,
    'commonTlsContext.validationContext.trustChainVerification': isAbsent,
  }),
]
