// contract: what the port promises, as tests that run against a real Keycloak and against the double.
import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { z } from 'zod'
import { createKeycloak } from '../../keycloak/client.ts'
import { createHttp } from '../../keycloak/http.ts'
import type { Fields, Keycloak, RealmAdmin } from '../../keycloak/keycloak.ts'
import { operatorClient, operatorClientId, operatorRoles } from '../../keycloak/operator-client.ts'
import type { ClientRepresentation } from '../../keycloak/schema.ts'
import type { TestKeycloak } from '../keycloak.ts'

export const signal = AbortSignal.timeout(3_600_000)
export const secret = new Secret('the-operators-own-secret')
export const isOurs = { 'bulkhead.dev/tenant-uid': 'u1' }

const account = {
  username: `service-account-${operatorClientId}`,
  enabled: true,
  serviceAccountClientId: operatorClientId,
  clientRoles: { 'realm-management': [...operatorRoles] },
}
export const firstAdmin = {
  ...{ username: 'tenant-admin', enabled: true, requiredActions: ['UPDATE_PASSWORD'] },
  credentials: [{ type: 'password', value: 'a-first-password', temporary: true }],
  clientRoles: { 'realm-management': ['manage-users', 'view-users', 'query-users', 'query-groups'] },
}
export const newRealm: Fields = {
  ...{ enabled: true, displayName: 'Acme', sslRequired: 'external', accessTokenLifespan: 300, attributes: isOurs },
  ...{ bruteForceProtected: true, clients: [operatorClient(secret)], users: [account, firstAdmin] },
}
export const audience = {
  name: 'audience',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.custom.audience': 'urn:acme', 'access.token.claim': 'true', 'id.token.claim': 'false' },
}
export const audienceScope = {
  ...{ name: 'our-audience', protocol: 'openid-connect', protocolMappers: [audience] },
  attributes: { 'include.in.token.scope': 'false' },
}
/** A client as subscriptions have it. */
export const application = (clientId: string): Fields => ({
  ...{ clientId, name: 'App', secret: 'app-secret', enabled: true, protocol: 'openid-connect', publicClient: false },
  ...{ serviceAccountsEnabled: true, standardFlowEnabled: false, fullScopeAllowed: false },
  ...{ attributes: { 'bulkhead.dev/subscription-uid': 's1' }, defaultClientScopes: ['basic', 'roles'] },
  ...{ optionalClientScopes: [], protocolMappers: [] },
})

export const jwtPart = z.record(z.string(), z.unknown())
export const decode = (part: string) => jwtPart.parse(JSON.parse(Buffer.from(part, 'base64url').toString()))
const answerShape = z.looseObject({ access_token: z.string().optional(), error: z.string().optional() })
type TokenAnswer = { readonly status: number } & z.infer<typeof answerShape>
type Form = Readonly<Record<string, string>>

/** A Keycloak under test, with a realm `acme` in it. */
export interface Subject {
  readonly server: TestKeycloak
  /** With the bootstrap account. */
  readonly keycloak: Keycloak
  /** Of the realm `acme`, with our own account. */
  admin: RealmAdmin
  /** Another client that knows no token yet. */
  connect(clientSecret?: string): Keycloak
  /** Our way into a realm, with a new token. */
  enter(realm: string): Promise<RealmAdmin>
  isOpen(realm: string, by?: Secret<string>): Promise<boolean>
  /** What the token endpoint answers. */
  ask(realm: string, form: Form): Promise<TokenAnswer>
  askFor(clientId: string, clientSecret?: string, realm?: string): Promise<TokenAnswer>
  /** A token of a client in `acme`. */
  tokenOf(clientId: string): Promise<string>
  claimsOf(clientId: string): Promise<Readonly<Record<string, unknown>>>
  /** A call with a token: the status and the answer. */
  call(method: string, path: string, token: string, body?: unknown): Promise<readonly [number, unknown]>
  /** Of the bootstrap account, and of our own in `acme`. */
  tokens(): Promise<{ readonly bootstrap: string; readonly own: string }>
  makeApplication(clientId: string): Promise<ClientRepresentation>
}

/** Makes the realm `acme` and gives the ways to it. */
export async function createSubject(server: TestKeycloak): Promise<Subject> {
  const connect: Subject['connect'] = (clientSecret = server.clientSecret) => {
    const latency = createMetrics().histogram({ name: 'k', help: 'k', labels: ['call'], buckets: [1] })
    const http = createHttp({ url: server.url, clock: systemClock, latency })
    const bootstrap = { clientId: server.clientId, clientSecret: new Secret(clientSecret) }
    return createKeycloak({ http, bootstrap, clock: systemClock })
  }
  const enter: Subject['enter'] = async (realm) => {
    const entry = await connect().enter(realm, secret, signal)
    if (entry.kind === 'closed') throw new Error(`The realm "${realm}" is closed`)
    return entry.admin
  }
  const keycloak = connect()
  if ((await keycloak.createRealm('acme', newRealm, signal)) === 'taken') throw new Error('There is a realm "acme"')
  const subject: Subject = {
    ...{ server, keycloak, connect, enter, admin: await enter('acme') },
    isOpen: async (realm, by = secret) => (await connect().enter(realm, by, signal)).kind === 'open',
    call: (method, path, token, body) => send(`${server.url}${path}`, method, token, body),
    ...tokenCalls(server),
    makeApplication: async (clientId) => {
      await subject.admin.createClient(application(clientId))
      const client = await subject.admin.findClient(clientId)
      if (client === undefined) throw new Error(`There is no client "${clientId}"`)
      return client
    },
  }
  return subject
}

function tokenCalls({ url, clientId, clientSecret }: TestKeycloak) {
  const ask: Subject['ask'] = async (realm, form) => {
    const address = `${url}/realms/${realm}/protocol/openid-connect/token`
    const answer = await fetch(address, { method: 'POST', body: new URLSearchParams(form) })
    return { status: answer.status, ...answerShape.parse(await answer.json()) }
  }
  const askFor: Subject['askFor'] = (client_id, client_secret = 'app-secret', realm = 'acme') =>
    ask(realm, { grant_type: 'client_credentials', client_id, client_secret })
  const tokenOf: Subject['tokenOf'] = async (client) => {
    const { access_token: token, ...refused } = await askFor(client)
    if (token === undefined) throw new Error(JSON.stringify(refused))
    return token
  }
  const claimsOf: Subject['claimsOf'] = async (client) => decode((await tokenOf(client)).split('.')[1] ?? '')
  const tokens: Subject['tokens'] = async () => {
    const bootstrap = await askFor(clientId, clientSecret, 'master')
    const own = await askFor(operatorClientId, secret.reveal())
    return { bootstrap: bootstrap.access_token ?? '', own: own.access_token ?? '' }
  }
  return { ask, askFor, tokenOf, claimsOf, tokens }
}

async function send(
  address: string,
  method: string,
  token: string,
  body: unknown,
): Promise<readonly [number, unknown]> {
  const answer = await fetch(address, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return [answer.status, text === '' ? undefined : JSON.parse(text)]
}
