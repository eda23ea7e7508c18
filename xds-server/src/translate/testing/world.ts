// Five tenants for the tests against a real Envoy: two in good health, one new, one suspended, one without a guarantee.
import type { Endpoint, Route, TenantModel } from '../../model/model.ts'
import { forwardTo, hostOf, identityOf, ownIdentity, refused, route, tenant } from './models.ts'
import { makeIssuer } from './tokens.ts'

export const acme = makeIssuer('acme')
const globex = makeIssuer('globex')
export const initech = makeIssuer('initech')

function routesFor(endpoint: Endpoint): readonly Route[] {
  const action = forwardTo({ endpoints: [endpoint], authority: 'backend.internal' })
  const to = (tool: string, change: Partial<Route>): Route => route(tool, { action, ...change })
  return [
    to('orders', { match: { kind: 'exact', path: '/orders' }, methods: ['GET', 'POST'] }),
    to('order', { match: { kind: 'template', path: '/orders/{id}' } }),
    to('special', { match: { kind: 'exact', path: '/orders/special' } }),
    to('pet', { match: { kind: 'template', path: '/pets/{id}' }, methods: ['GET'] }),
    to('release', { match: { kind: 'template', path: '/pets/{pet}' }, methods: ['DELETE'] }),
    to('deep', { match: { kind: 'template', path: '/a/{b}/c/{d}/e/{f}/g/{h}/i/{j}/k/{l}' } }),
    to('slash', { match: { kind: 'template', path: '/slash/{b}/' }, basePath: '/base' }),
    to('based', { match: { kind: 'template', path: '/item.s/{id}/x' }, basePath: '/base' }),
    to('api', { match: { kind: 'prefix', prefix: '/api' } }),
    to('api2', { match: { kind: 'prefix', prefix: '/api' }, basePath: '/base' }),
    to('root', { match: { kind: 'prefix', prefix: '/' }, basePath: '/all' }),
    to('one', { match: { kind: 'exact', path: '' }, basePath: '/one' }),
    to('one', { match: { kind: 'exact', path: '/' }, basePath: '/one' }),
    to('two', { match: { kind: 'exact', path: '/two' }, basePath: '/one' }),
    to('open', { access: 'Public' }),
    to('token', { action: { ...action, forwardToken: true } }),
    to('opentoken', { access: 'Public', action: { ...action, forwardToken: true } }),
    to('down', { action: refused }),
    to('odd', { match: { kind: 'template', path: "/o.d-_~!$&'()+,;=:@/{id}" } }),
  ]
}

export function tenants(endpoint: Endpoint): readonly TenantModel[] {
  const base = tenant('acme')
  const other = forwardTo({ endpoints: [endpoint], authority: 'second.internal' })
  return [
    {
      ...base,
      identity: { ...identityOf('acme'), jwks: acme.jwks },
      hosts: [hostOf('acme.gw.test'), hostOf('api.acme.test')],
      routes: [
        ...routesFor(endpoint),
        route('second', { host: hostOf('api.acme.test'), action: other, match: { kind: 'exact', path: '/orders' } }),
      ],
    },
    tenant('globex', {
      identity: { ...identityOf('globex'), jwks: globex.jwks },
      routes: routesFor(endpoint).map((each) => ({ ...each, host: hostOf('globex.gw.test') })),
    }),
    tenant('initech', {
      identity: { ...ownIdentity, jwks: initech.jwks },
      routes: routesFor(endpoint).map((each) => ({ ...each, host: hostOf('initech.gw.test') })),
    }),
    tenant('young', { identity: undefined, routes: [route('orders', { host: hostOf('young.gw.test') })] }),
    tenant('paused', { isSuspended: true, routes: routesFor(endpoint) }),
    tenant('poor', {
      limits: { guaranteed: 0, ceiling: 1 },
      routes: [
        route('open', { host: hostOf('poor.gw.test'), access: 'Public', action: forwardTo({ endpoints: [endpoint] }) }),
      ],
    }),
  ]
}

export function claims(name: string) {
  const { issuer, audiences } = identityOf(name)
  // eslint-disable-next-line no-restricted-properties -- a real Envoy compares tokens with the real time
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer, aud: audiences[0], iat: now, exp: now + 300, azp: 'sub-1' }
}

/** The claims of a token of initech's own issuer. */
export function ownClaims() {
  const [aud] = ownIdentity.audiences
  return { ...claims('acme'), iss: ownIdentity.issuer, aud, azp: undefined, client_id: 'portal' }
}

export const acmeToken = (): string => `Bearer ${acme.sign(claims('acme'))}`
export const globexToken = (): string => `Bearer ${globex.sign(claims('globex'))}`
