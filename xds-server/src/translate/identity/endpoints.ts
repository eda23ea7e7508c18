import type { HeaderMatcher, RouteMatch } from '@bulkhead/envoy'
import { extension } from '../values.ts'

/** One way into an identity provider that is open to everybody. */
export interface IdentityEndpoint {
  /** What its route is called. */
  readonly name: string
  readonly match: RouteMatch
}

// A tenant's realm and nothing else of the provider, in characters that mean the same to whoever reads the path: no
// percent signs, semicolons or backslashes. What comes after the question mark is the provider's to read.
const inRealm = String.raw`/realms/[a-z][-a-z0-9]*-[a-z2-7]{13}/[-._a-zA-Z0-9/]*(\?.*)?`
const inTheme = String.raw`/resources/[-._~@+a-zA-Z0-9/]*(\?.*)?`

const reading = 'GET|HEAD|OPTIONS'
const calling = 'GET|HEAD|OPTIONS|POST'
const changing = 'DELETE|GET|HEAD|OPTIONS|POST|PUT'

// What people and clients need. Not here, on purpose: `/admin`, the realms' own description, registration of clients,
// tokens of federated providers, back-channel calls, and every extension that nobody asked for.
const ofRealm: readonly (readonly [methods: string, path: string])[] = [
  [reading, '.well-known/openid-configuration'],
  [reading, '.well-known/oauth-authorization-server'],
  ...[
    ...['auth', 'auth/device', 'token', 'token/introspect', 'userinfo', 'revoke', 'logout', 'logout/logout-confirm'],
    ...['ext/par/request', 'login-status-iframe.html', 'login-status-iframe.html/init'],
    ...['3p-cookies/step1.html', '3p-cookies/step2.html'],
  ].map((path) => [calling, `protocol/openid-connect/${path}`] as const),
  [reading, 'protocol/openid-connect/certs'],
  ...[
    ...['authenticate', 'required-action', 'reset-credentials', 'consent', 'action-token', 'restart', 'detached-info'],
    ...['first-broker-login', 'post-broker-login'],
  ].map((path) => [calling, `login-actions/${path}`] as const),
  ...['*/login', '*/endpoint', '*/endpoint/logout_response', 'after-first-broker-login', 'after-post-broker-login'].map(
    (path) => [calling, `broker/${path}`] as const,
  ),
  [calling, 'device'],
  [changing, 'account'],
  [changing, 'account/**'],
]

const themes = ['login', 'account', 'common'] as const

/** The list is closed: what it does not hold is answered by us with 404. */
export const identityEndpoints: readonly IdentityEndpoint[] = [
  ...ofRealm.map(([methods, path]) => endpoint(path, `/realms/*/${path}`, [whole(inRealm), oneOf(methods)])),
  ...themes.map((theme) =>
    endpoint(`resources/${theme}`, `/resources/*/${theme}/**`, [whole(inTheme), oneOf('GET|HEAD')]),
  ),
]

/** Where a realm's endpoints begin. */
export function realmPrefix(realm: string): string {
  return `/realms/${realm}/`
}

/** Where theme files are. */
export const themePrefix = '/resources/'

function endpoint(name: string, pathTemplate: string, headers: readonly HeaderMatcher[]): IdentityEndpoint {
  const template = extension('template', 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', {
    pathTemplate,
  })
  return { name, match: { pathMatchPolicy: template, headers } }
}

function whole(regex: string): HeaderMatcher {
  return { name: ':path', stringMatch: { safeRegex: { regex } } }
}

function oneOf(methods: string): HeaderMatcher {
  return { name: ':method', stringMatch: { safeRegex: { regex: methods } } }
}
