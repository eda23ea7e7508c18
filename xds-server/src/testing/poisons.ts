// Objects that have stopped gateways, or look as if they could: a table that grows with every one that is found.
import type { Problem } from '@bulkhead/crds'
import type { kindInfo } from '../watch/seen.ts'

type Fields = Readonly<Record<string, unknown>>
export type Kind = keyof typeof kindInfo

/** Who is told, and of which field; nobody where the poison does nothing. */
type Told = readonly [kind: Kind, reason: Problem['reason'], field: string] | undefined

export interface Poison {
  readonly title: string
  /** Takes the place of what a good object of this kind says. */
  readonly kind: Kind
  readonly spec?: Fields
  readonly status?: Fields
  readonly told: Told
}

export const tool = (title: string, spec: Fields, told: Told): Poison => ({ title, kind: 'Tool', spec, told })
const path = (text: string): Poison => {
  return tool(`the path ${text.slice(0, 30)}`, { http: { path: text } }, ['Tool', 'InvalidSpec', 'spec.http.path'])
}
const timeout = (text: string): Poison => {
  return tool(`the timeout ${text}`, { timeout: text }, ['Tool', 'InvalidSpec', 'spec.timeout'])
}
const external = (more: Fields) => ({ backend: { type: 'External', external: { port: 80, ...more } } })
const host = (text: string, reason: Problem['reason'] = 'InvalidSpec'): Poison => {
  const field = 'spec.backend.external.host'
  return tool(`the backend ${JSON.stringify(text.slice(0, 30))}`, external({ host: text }), ['Tool', reason, field])
}
const port = (number: number): Poison => {
  const field = 'spec.backend.external.port'
  return tool(`port ${number}`, external({ host: '127.0.0.1', port: number }), ['Tool', 'InvalidSpec', field])
}
const service = (name: string, told: Told): Poison => {
  return tool(`the Service ${name}`, { backend: { type: 'Service', service: { name, port: 80 } } }, told)
}
const toolSet = (title: string, spec: Fields, reason: Problem['reason'], field: string): Poison => {
  return { title, kind: 'ToolSet', spec, told: ['ToolSet', reason, field] }
}
const plan = (title: string, limit: Fields): Poison => {
  return { title, kind: 'Plan', spec: { limits: [limit] }, told: ['Plan', 'InvalidSpec', 'spec.limits'] }
}
const hostname = (text: string, reason: Problem['reason']): Poison => {
  return toolSet(`the hostname ${JSON.stringify(text.slice(0, 30))}`, { hostname: text }, reason, 'spec.hostname')
}
const jwks = (text: string): Poison => {
  const title = `the keys ${text}`
  return { title, kind: 'Tenant', status: { identity: { issuer: 'https://x.test', jwks: text } }, told: undefined }
}

export const poisons: readonly Poison[] = [
  ...['0s', '-5s', '0ms', '1ms', '999999h', '1m30s', ''].map(timeout),
  ...['169.254.169.254', '0.0.0.0', '10.0.0.1'].map((text) => host(text, 'BackendNotAllowed')),
  ...['', '::1', '[::1]', '127.1', '%REQ(', 'a\r\nhost: b', 'a'.repeat(300), 'localhost', '💥'].map((text) =>
    host(text),
  ),
  ...[0, -1, 65_536, 1e300].map(port),
  service('missing', ['Tool', 'BackendNotFound', 'spec.backend.service']),
  service('other.tenant-globex', ['Tool', 'InvalidSpec', 'spec.backend.service.name']),
  tool('no backend', { backend: {} }, ['Tool', 'InvalidSpec', 'spec.backend.type']),
  tool('a server name that is none', external({ host: 'backend.example', tls: { sni: '💥' } }), [
    ...(['Tool', 'InvalidSpec', 'spec.backend.external.tls.sni'] as const),
  ]),
  ...['', 'a', '/{', '/{}', '/{a}/{a}', '/a/../b', '/%REQ(', '/a?b', '/a#b', '/((((a*)*)*)*', '/*', '/**'].map(path),
  ...['/{a}'.repeat(125), `/${'a'.repeat(300)}/{b}`, '/a'.repeat(5_000), '/é', '/\u0000'].map(path),
  tool('the method CONNECT', { http: { path: '/bad', methods: ['CONNECT'] } }, [
    'Tool',
    'InvalidSpec',
    'spec.http.methods',
  ]),
  tool('one method twice', { http: { path: '/bad', methods: ['GET', 'GET'] } }, undefined),
  tool('retries below zero', { retries: -1 }, ['Tool', 'InvalidSpec', 'spec.retries']),
  tool('a billion retries', { retries: 1e9 }, ['Tool', 'InvalidSpec', 'spec.retries']),
  tool('no connection', { circuitBreaker: { maxConnections: 0 } }, ['Tool', 'InvalidSpec', 'spec.circuitBreaker']),
  tool('too many connections', { circuitBreaker: { maxRequests: 2 ** 32 } }, [
    'Tool',
    'InvalidSpec',
    'spec.circuitBreaker',
  ]),
  tool('a token that is forwarded perhaps', { forwardToken: 'perhaps' }, ['Tool', 'InvalidSpec', 'spec.forwardToken']),
  tool(
    'a rewrite of Host',
    { headers: { set: { Host: 'x', ':authority': '%REQ(' } }, hostRewrite: '%REQ(' },
    undefined,
  ),
  hostname('neighbour.gw.test', 'HostnameNotGranted'),
  hostname('münchen.example', 'HostnameNotGranted'),
  hostname('localhost', 'HostnameInvalid'),
  hostname('127.0.0.1', 'HostnameInvalid'),
  ...['', '*', '*.gw.test', '%REQ(', 'neighbour.gw.test:443', 'a'.repeat(300)].map((text) =>
    hostname(text, 'InvalidSpec'),
  ),
  ...['/%REQ(', '/../', '/a/', '/{x}', '/a'.repeat(300)].map((text) =>
    toolSet(`the base path ${text.slice(0, 30)}`, { basePath: text }, 'InvalidSpec', 'spec.basePath'),
  ),
  toolSet('no tools', { tools: [] }, 'InvalidSpec', 'spec.tools'),
  toolSet('a tool that is missing', { tools: ['missing'] }, 'ToolNotFound', 'spec.tools[0]'),
  toolSet('a tool of a path', { tools: ['../good'] }, 'InvalidSpec', 'spec.tools'),
  toolSet('a path that an older one has', { tools: ['good'] }, 'Conflict', 'spec.tools[0]'),
  toolSet('access for anyone', { access: 'Anyone' }, 'InvalidSpec', 'spec.access'),
  plan('a plan of nothing', { requests: 0, per: 'Second' }),
  plan('a plan of too much', { requests: 1e300, per: 'Day' }),
  plan('a plan per decade', { requests: 1, per: 'Decade' }),
  {
    title: 'a policy for a format',
    kind: 'AccessPolicy',
    spec: { rules: [{ roles: ['%REQ('] }] },
    told: ['AccessPolicy', 'InvalidSpec', 'spec.rules'],
  },
  {
    title: 'a policy for nothing',
    kind: 'AccessPolicy',
    spec: { targetRef: { kind: 'Tool', name: 'missing' } },
    told: ['AccessPolicy', 'TargetNotFound', 'spec.targetRef'],
  },
  {
    title: 'a subscription until yesterday',
    kind: 'Subscription',
    spec: { expiresAt: 'yesterday' },
    told: ['Subscription', 'InvalidSpec', 'spec.expiresAt'],
  },
  { title: 'a name that is a format', kind: 'Tenant', spec: { displayName: '%REQ(' }, told: undefined },
  ...['', '{}', '{"keys":[]}', '{"keys":[{}]}', '{"keys":[{"kty":"RSA","kid":"1"}]}'].map(jwks),
  ...[
    '{"keys":[{"kty":"RSA","kid":"1","n":"!","e":""}]}',
    '{"keys":[{"kty":"EC","kid":"1","crv":"P-1","x":"","y":""}]}',
  ].map(jwks),
  jwks('{"keys":[{"kty":"EC","kid":"1","crv":"P-256","x":"AQAB","y":"AQAB"}]}'),
]
