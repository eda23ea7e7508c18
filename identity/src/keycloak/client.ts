import type { Clock, Secret } from '@bulkhead/runtime'
import { z } from 'zod'
import { KeycloakFault } from './fault.ts'
import type { Http, HttpResult } from './http.ts'
import type { Entry, Keycloak, RealmAdmin } from './keycloak.ts'
import { operatorClient, operatorClientId, operatorRoles } from './operator-client.ts'
import { absent, createRealmAdmin, taken } from './realm-admin.ts'
import type { RealmCall } from './realm-admin.ts'
import { realmRepresentation } from './schema.ts'
import { createSlots } from './slots.ts'
import { createTokenSource } from './token-source.ts'
import type { Account, TokenSource } from './token-source.ts'

export interface KeycloakOptions {
  readonly http: Http
  readonly bootstrap: { readonly clientId: string; readonly clientSecret: Secret<string> }
  readonly clock: Clock
  /** Realms that are made or deleted at once; 4 where nothing is said. */
  readonly concurrentCreates?: number
}

const withAttributes = z.object({ attributes: z.record(z.string(), z.string()).default({}) })

// A realm costs seconds when there are hundreds; more than four at once make all of them slower.
const realmSlots = 4
const realmTimeoutMs = 180_000
const maxSources = 2000

/** Keycloak over HTTP. */
export function createKeycloak({ http, bootstrap, clock, concurrentCreates = realmSlots }: KeycloakOptions): Keycloak {
  const slots = createSlots(concurrentCreates)
  const bootstrapTokens = createTokenSource(http, { realm: 'master', ...bootstrap }, clock)
  const tokensOf = createTokenSources(http, clock)
  const byBootstrap = (realm: string, signal: AbortSignal) => realmCaller(http, bootstrapTokens, realm, signal)
  const findRealm: Keycloak['findRealm'] = async (realm, signal) => {
    const found = await absent(byBootstrap(realm, signal)({ doing: 'read realm', method: 'GET', path: [] }), 'realm')
    return found === undefined ? undefined : realmRepresentation.parse(found.body)
  }
  return {
    findRealm,
    createRealm: (realm, fields, signal) =>
      slots.run(signal, async () => {
        // A create whose answer was lost may have been done meanwhile, while we waited for our turn.
        const isThere = async (): Promise<boolean> => (await findRealm(realm, signal)) !== undefined
        if (await isThere()) return 'taken'
        return taken(createRealm(http, bootstrapTokens, { ...fields, realm }, signal), isThere)
      }),
    renameRealm: async (from, to, attributes, signal) => {
      const call = byBootstrap(from, signal)
      const { body } = await call({ doing: 'read realm', method: 'GET', path: [] })
      // Keycloak forgets every attribute that is not sent.
      const kept = withAttributes.parse(body).attributes
      const fields = { realm: to, attributes: { ...kept, ...attributes } }
      await call({ doing: 'rename realm', method: 'PUT', path: [], body: fields })
      tokensOf.forget(from)
    },
    setEnabled: async (realm, enabled, signal) => {
      await byBootstrap(realm, signal)({ doing: 'enable realm', method: 'PUT', path: [], body: { enabled } })
    },
    deleteRealm: (realm, signal) =>
      slots.run(signal, async () => {
        const timeoutMs = realmTimeoutMs
        const call = { doing: 'delete realm', method: 'DELETE', path: [], timeoutMs } as const
        await absent(byBootstrap(realm, signal)(call), 'realm')
        tokensOf.forget(realm)
      }),
    restoreAccount: async (realm, secret, signal) => {
      await restoreAccount(createRealmAdmin(byBootstrap(realm, signal)), secret)
      tokensOf.forget(realm)
    },
    enter: (realm, secret, signal) => enter(http, tokensOf.of(realm, secret), realm, signal),
    publishedKeys: async (realm, signal) => {
      const path = ['realms', realm, 'protocol', 'openid-connect', 'certs']
      return (await http({ doing: `fetch keys of realm "${realm}"`, method: 'GET', path, signal })).body
    },
  }
}

async function createRealm(http: Http, tokens: TokenSource, body: { realm: string }, signal: AbortSignal) {
  return await http({
    doing: `create realm "${body.realm}"`,
    method: 'POST',
    path: ['admin', 'realms'],
    token: await tokens.get(signal),
    body: { kind: 'json', value: body },
    timeoutMs: realmTimeoutMs,
    signal,
  })
}

async function enter(http: Http, tokens: TokenSource, realm: string, signal: AbortSignal): Promise<Entry> {
  try {
    await tokens.get(signal)
  } catch (error) {
    if (error instanceof KeycloakFault && [400, 401, 403, 404].includes(error.status)) return { kind: 'closed' }
    throw error
  }
  return { kind: 'open', admin: createRealmAdmin(realmCaller(http, tokens, realm, signal)) }
}

type TimedCall = RealmCall & { readonly timeoutMs?: number }

// A token can die before its time (a restart, a changed account): a refusal is tried once more with a fresh one.
function realmCaller(http: Http, tokens: TokenSource, realm: string, signal: AbortSignal) {
  const send = async ({ body, path, doing, ...call }: TimedCall): Promise<HttpResult> =>
    http({
      ...call,
      doing: `${doing} in realm "${realm}"`,
      path: ['admin', 'realms', realm, ...path],
      token: await tokens.get(signal),
      signal,
      ...(body === undefined ? {} : { body: { kind: 'json' as const, value: body } }),
    })
  return async (call: TimedCall): Promise<HttpResult> => {
    try {
      return await send(call)
    } catch (error) {
      if (!(error instanceof KeycloakFault) || error.status !== 401) throw error
      tokens.forget()
      return send(call)
    }
  }
}

async function restoreAccount(admin: RealmAdmin, secret: Secret<string>): Promise<void> {
  const fields = operatorClient(secret)
  await admin.createClient(fields)
  const client = await admin.findClient(operatorClientId)
  if (client === undefined) throw new Error(`Cannot restore "${operatorClientId}": Keycloak does not show the client`)
  await admin.updateClient(client.id, fields)
  const account = await admin.serviceAccount(client.id)
  await admin.enableUser(account.id)
  await admin.grantManagement(account.id, operatorRoles)
}

interface TokenSources {
  of(realm: string, secret: Secret<string>): TokenSource
  forget(realm: string): void
}

function createTokenSources(http: Http, clock: Clock): TokenSources {
  const sources = new Map<string, { readonly account: Account; readonly source: TokenSource }>()
  return {
    of: (realm, clientSecret) => {
      const known = sources.get(realm)
      if (known?.account.clientSecret.reveal() === clientSecret.reveal()) return known.source
      const account = { realm, clientId: operatorClientId, clientSecret }
      const source = createTokenSource(http, account, clock)
      const oldest = sources.keys().next().value
      if (sources.size >= maxSources && oldest !== undefined) sources.delete(oldest)
      sources.set(realm, { account, source })
      return source
    },
    forget: (realm) => sources.delete(realm),
  }
}
