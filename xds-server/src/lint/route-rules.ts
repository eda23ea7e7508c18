/* eslint-disable max-lines -- the rules of one route are read together */
import type { JsonObject } from '@bulkhead/envoy'
import { beyondGuaranteeHeader, serverNameHeader, tenantHeader } from '@bulkhead/tenancy'
import { guards, hostSlots, isUnavailableScript, tenantJwt } from './contract.ts'
import { at, entriesAt, everyObject, everyText, isObject, isOfType, listAt, textAt } from './json.ts'
import type { Json } from './json.ts'
import { is, isAbsent, isEqualTo, isNumber, isOff, isSet, optionRules, rule } from './rule.ts'
import type { Rule } from './rule.ts'

const vhosts = (routes: JsonObject): readonly Json[] => listAt(routes, 'virtualHosts')
const vhost = (routes: JsonObject): Json => vhosts(routes)[0]
const routesIn = (routes: JsonObject): readonly Json[] => vhosts(routes).flatMap((host) => listAt(host, 'routes'))
const slot = (owner: Json, name: string): Json => at(owner, `typedPerFilterConfig.${name}`)
const isOn = (owner: Json, name: string): boolean => at(slot(owner, name), 'disabled') !== true
const forwards = (route: Json): boolean => isObject(at(route, 'route'))
const offText = (route: Json): string =>
  entriesAt(route, 'typedPerFilterConfig')
    .flatMap(([name, config]) => (at(config, 'disabled') === true ? [name] : []))
    .sort()
    .join()
const accessOf = (route: Json): string => textAt(slot(route, 'ext-authz'), 'checkSettings.contextExtensions.access')
const ownerOf = (routes: JsonObject): string => textAt(routes, 'name').split('/')[0] ?? ''
const removed = (owner: Json): readonly Json[] => listAt(owner, 'requestHeadersToRemove')

function chain(routes: JsonObject): readonly Json[] {
  return listAt(slot(vhost(routes), 'tenant-auth'), 'filterChain.filters')
}

const jwts = (routes: JsonObject): readonly Json[] =>
  chain(routes)
    .map((filter) => at(filter, 'typedConfig'))
    .filter((config) => isOfType(config, 'JwtAuthentication'))

const providers = (routes: JsonObject): readonly Json[] =>
  jwts(routes).flatMap((config) => entriesAt(config, 'providers').map(([, provider]) => provider))

const everyRoute =
  (holds: (route: Json, routes: JsonObject) => boolean) =>
  (routes: JsonObject): boolean =>
    routesIn(routes).every((route) => holds(route, routes))

const guarantees = (routes: JsonObject): readonly Json[] =>
  vhosts(routes).flatMap((host) => (isObject(slot(host, 'tenant-guarantee')) ? [slot(host, 'tenant-guarantee')] : []))

// What may be off, by the status that a route answers with.
const offByStatus: Readonly<Record<number, readonly string[]>> = {
  403: [[...guards].sort().join()],
  404: ['ext-authz'],
  405: ['ext-authz', 'ext-authz,tenant-auth'],
  500: ['ext-authz'],
}

const ownAudience = 'urn:bulkhead:tenant:'
const forgiving = ['allowMissing', 'allowMissingOrFailed', 'extractOnlyWithoutValidation', 'requiresAny'] as const
const reroutes = [
  'clusterHeader',
  'weightedClusters',
  'clusterSpecifierPlugin',
  'inlineClusterSpecifierPlugin',
  'hostRewriteHeader',
  'hostRewritePathRegex',
  'hostRewrite',
  'autoHostRewrite',
  'internalRedirectPolicy',
  'requestMirrorPolicies',
  'upgradeConfigs',
] as const

const identity: readonly Rule[] = [
  ...optionRules('D-01', jwts, {
    'rules.0.match.prefix': is(''),
    'rules.0.requires.providerName': isSet,
    'rules.1': isAbsent,
    filterStateRules: isAbsent,
    bypassCorsPreflight: isOff,
    stripFailureResponse: is(true),
  }),
  ...optionRules('D-01', providers, {
    issuer: isSet,
    'audiences.0': isSet,
    requireExpiration: is(true),
    maxLifetime: isSet,
    payloadInMetadata: is('payload'),
  }),
  ...optionRules('D-04', providers, {
    fromHeaders: isEqualTo([{ name: 'authorization', valuePrefix: 'Bearer ' }]),
    fromParams: isAbsent,
    fromCookies: isAbsent,
  }),
  ...optionRules('D-05', providers, {
    'localJwks.inlineString': isSet,
    remoteJwks: isAbsent,
    jwtCacheConfig: isAbsent,
  }),
  ...optionRules('D-07', providers, { claimToHeaders: isAbsent, forwardPayloadHeader: isAbsent }),
  rule('D-01/one-audience', 'a realm must have the one audience of its tenant', (routes) =>
    providers(routes).every((provider) => {
      const audiences = listAt(provider, 'audiences')
      // eslint-disable-next-line @typescript-eslint/no-base-to-string -- an audience is text in what we translate
      return audiences.length === 1 || !audiences.some((audience) => String(audience).startsWith(ownAudience))
    }),
  ),
  rule(
    'D-01/one-provider',
    'there must be one provider',
    (routes) => jwts(routes).length === 0 || providers(routes).length === 1,
  ),
  rule('D-03/allow-missing', `nothing may be forgiven: ${forgiving.join(', ')}`, (routes) =>
    everyObject(routes).every((object) => forgiving.every((key) => !(key in object))),
  ),
  rule(
    'slots/tenant-auth',
    `the tenant's chain must be one filter "${tenantJwt}": its JWT filter, or our refusal`,
    (routes) => {
      const [filter, ...others] = chain(routes)
      const source = textAt(filter, 'typedConfig.defaultSourceCode.inlineString')
      const isOurs = isOfType(at(filter, 'typedConfig'), 'JwtAuthentication') || isUnavailableScript(source)
      return others.length === 0 && textAt(filter, 'name') === tenantJwt && isOurs
    },
  ),
]

const answers: readonly Rule[] = [
  rule('D-10/one-host', 'there must be one virtual host "*" for every domain', (routes) => {
    const [only, ...others] = vhosts(routes)
    return others.length === 0 && textAt(only, 'name') === '*' && JSON.stringify(at(only, 'domains')) === '["*"]'
  }),
  rule(
    'D-10/catch-all',
    'the last route must answer everything that is left with 404, or 403 when suspended',
    (routes) => {
      const last = routesIn(routes).at(-1)
      const status = at(last, 'directResponse.status')
      const isEverything = JSON.stringify(at(last, 'match')) === '{"prefix":"/"}'
      return isEverything && (status === 404 || status === 403)
    },
  ),
  rule('S-026/misdirected', 'the first route must answer 421 to other server names, with every guard off', (routes) => {
    const [first] = routesIn(routes)
    const matchers = listAt(first, 'match.headers')
    return (
      at(first, 'directResponse.status') === 421 &&
      textAt(first, 'match.prefix') === '/' &&
      matchers.length > 0 &&
      matchers.every((each) => textAt(each, 'name') === serverNameHeader && at(each, 'invertMatch') === true) &&
      guards.every((name) => !isOn(first, name)) &&
      at(first, 'metadata') === undefined
    )
  }),
  rule(
    'slots/answers',
    'a route that answers by itself must keep every guard but policy; all are off for a suspended tenant',
    everyRoute((route) => {
      const status = at(route, 'directResponse.status')
      return typeof status !== 'number' || status === 421 || offByStatus[status]?.includes(offText(route)) === true
    }),
  ),
  rule(
    'slots/forwards',
    'a route that forwards may switch off nothing but authentication',
    everyRoute((route) => !forwards(route) || ['', 'tenant-auth'].includes(offText(route))),
  ),
  rule(
    'slots/public',
    'a route that forwards must switch the slot off if it is public, and only then',
    everyRoute((route) => !forwards(route) || isOn(route, 'tenant-auth') === (accessOf(route) !== 'Public')),
  ),
  rule(
    'D-08/context',
    'a route that forwards must tell policy its tenant, namespace, tool set, tool and access',
    everyRoute((route, routes) => {
      const context = at(slot(route, 'ext-authz'), 'checkSettings.contextExtensions')
      const isWhole = ['namespace', 'toolset', 'tool'].every((key) => textAt(context, key) !== '')
      const isKnown = ['Public', 'Authenticated', 'Subscribed'].includes(textAt(context, 'access'))
      return !forwards(route) || (isWhole && isKnown && textAt(context, 'tenant') === ownerOf(routes))
    }),
  ),
  rule(
    'D-08/service-override',
    'no route may ask another policy service',
    everyRoute((route) =>
      ['grpcService', 'httpService'].every((key) => at(slot(route, 'ext-authz'), `checkSettings.${key}`) === undefined),
    ),
  ),
  rule(
    'S-079/reroute',
    'a route must go to one cluster, and nothing of the request may change where',
    everyRoute(
      (route) =>
        at(route, 'redirect') === undefined &&
        (!forwards(route) ||
          (textAt(route, 'route.cluster') !== '' && reroutes.every((key) => at(route, `route.${key}`) === undefined))),
    ),
  ),
  rule(
    'S-076/segments',
    'a prefix must end at a segment',
    everyRoute((route) => {
      const prefix = at(route, 'match.prefix')
      return prefix === undefined || (typeof prefix === 'string' && prefix.endsWith('/'))
    }),
  ),
  rule(
    'D-26/slots',
    'a route may only fill the slots of its guards',
    everyRoute((route) =>
      entriesAt(route, 'typedPerFilterConfig').every(
        ([name, config]) =>
          at(config, 'disabled') === true || (name === 'ext-authz' && isOfType(config, 'ExtAuthzPerRoute')),
      ),
    ),
  ),
]

const slots: readonly Rule[] = [
  rule('D-26/host-slots', `a virtual host may only fill ${Object.keys(hostSlots).join(', ')}`, (routes) =>
    vhosts(routes).every((host) =>
      entriesAt(host, 'typedPerFilterConfig').every(([name, config]) => isOfType(config, hostSlots[name] ?? 'none')),
    ),
  ),
  ...optionRules('D-26/all-hosts', (routes) => [routes], { typedPerFilterConfig: isAbsent }),
]

const headers: readonly Rule[] = [
  rule('D-07/tenant-header', `${tenantHeader} must be overwritten with static text`, (routes) =>
    vhosts(routes).every((host) =>
      listAt(host, 'requestHeadersToAdd').some(
        (each) =>
          textAt(each, 'header.key') === tenantHeader &&
          textAt(each, 'appendAction') === 'OVERWRITE_IF_EXISTS_OR_ADD' &&
          !textAt(each, 'header.value').replaceAll('%%', '').includes('%'),
      ),
    ),
  ),
  rule('headers/inner', 'what only Envoy needs must be removed', (routes) =>
    vhosts(routes).every((host) =>
      [beyondGuaranteeHeader, serverNameHeader, 'x-envoy-external-address'].every((name) =>
        removed(host).includes(name),
      ),
    ),
  ),
  rule(
    'headers/credentials',
    'a route that forwards must remove the token, unless it was verified and is asked for',
    everyRoute((route, routes) => {
      const mayKeep =
        isOn(route, 'tenant-auth') && providers(routes).every((provider) => at(provider, 'forward') === true)
      return !forwards(route) || mayKeep || removed(route).includes('authorization')
    }),
  ),
]

/** Whether an action counts everything in the pool, or what the guarantee has marked. */
function countsInPool(action: Json, isMarked: boolean): boolean {
  const counted = at(action, isMarked ? 'headerValueMatch' : 'genericKey')
  const [header, ...others] = listAt(counted, 'headers')
  const isByMark =
    others.length === 0 && textAt(header, 'name') === beyondGuaranteeHeader && at(header, 'presentMatch') === true
  return (
    textAt(counted, 'descriptorKey') === 'pool' &&
    textAt(counted, 'descriptorValue') === 'shared' &&
    at(counted, 'expectMatch') !== false &&
    (isByMark || !isMarked)
  )
}

/** Whether the guarantee marks what is beyond it. */
function marks(host: Json): boolean {
  return listAt(slot(host, 'tenant-guarantee'), 'requestHeadersToAddWhenNotEnforced').some(
    (each) => textAt(each, 'header.key') === beyondGuaranteeHeader,
  )
}

const limits: readonly Rule[] = [
  ...optionRules('D-09/tenant-guarantee', guarantees, {
    'tokenBucket.maxTokens': isSet,
    'filterEnabled.defaultValue.numerator': is(100),
    // It marks and refuses nothing.
    'filterEnforced.defaultValue.numerator': isNumber(0),
    localClusterRateLimit: isSet,
    stage: is(10),
  }),
  ...optionRules('D-09/tenant-cap', (routes) => vhosts(routes).map((host) => slot(host, 'tenant-cap')), {
    'tokenBucket.maxTokens': isSet,
    'filterEnabled.defaultValue.numerator': is(100),
    'filterEnforced.defaultValue.numerator': is(100),
    localClusterRateLimit: isSet,
    stage: is(10),
  }),
  rule('D-09/descriptors', 'a descriptor must start with static text and have a default for the rest', (routes) =>
    vhosts(routes)
      .flatMap((host) => listAt(host, 'rateLimits'))
      .every((each) => {
        const [first, ...others] = listAt(each, 'actions')
        const isStatic = at(first, 'genericKey') !== undefined || at(first, 'headerValueMatch') !== undefined
        return isStatic && others.every((action) => textAt(action, 'metadata.defaultValue') !== '')
      }),
  ),
  rule('D-09/tenant-limit', 'the tenant must be counted by its id, and by nobody else’s', (routes) =>
    vhosts(routes).every((host) => {
      const keys = listAt(host, 'rateLimits').flatMap((each) => listAt(each, 'actions'))
      const ids = keys.filter((key) => textAt(key, 'genericKey.descriptorKey') === 'tenant')
      return ids.length === 1 && textAt(ids[0], 'genericKey.descriptorValue') === ownerOf(routes)
    }),
  ),
  rule(
    'D-09/pool',
    'what is beyond the guarantee, or all where nothing marks it, must be counted in stage 1',
    (routes) =>
      vhosts(routes).every((host) => {
        const [pool, ...others] = listAt(host, 'rateLimits').filter((each) => at(each, 'stage') === 1)
        const [action, ...more] = listAt(pool, 'actions')
        return others.length === 0 && more.length === 0 && countsInPool(action, marks(host))
      }),
  ),
]

// The three forms in which a tenant's id stands inside a name: a resource's, an audience, an issuer.
const owners = /^([a-z2-7]{13})\/|^urn:bulkhead:tenant:(.*)$|\/realms\/[^/]*-([a-z2-7]{13})$/

const isolation = rule('D-01/isolation', 'every name must be of the tenant itself', (routes) => {
  const owner = ownerOf(routes)
  const foreign = everyText(routes).filter((text) => {
    const [, ofResource, ofAudience, ofIssuer] = owners.exec(text) ?? []
    const id = ofResource ?? ofAudience ?? ofIssuer
    return id !== undefined && id !== owner
  })
  return owner !== '' && foreign.length === 0
})

/** What must hold for the RouteConfiguration of every tenant. */
export const routeRules: readonly Rule[] = [...identity, ...answers, ...slots, ...headers, ...limits, isolation]
