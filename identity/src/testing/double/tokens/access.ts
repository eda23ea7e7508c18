import { verify } from 'node:crypto'
import { z } from 'zod'
import { refusal } from '../answer.ts'
import { keysOf } from './keys.ts'
import { accountOf, clientNamed, roleNamed } from '../model/state.ts'
import type { Client, Realm, State, User } from '../model/state.ts'

/** Who calls the administration: a service account, by the token of its client. */
export interface Caller {
  readonly realm: Realm
  readonly client: Client
  readonly user: User
}

const claimsSchema = z.object({ iss: z.string(), azp: z.string(), sub: z.string(), exp: z.number() })
const headerSchema = z.object({ kid: z.string() })

/** The caller behind an `authorization` header; refuses whom Keycloak would not let in. */
export function callerOf(state: State, header: string | undefined): Caller {
  const caller = findCaller(state, (header ?? '').replace(/^Bearer /i, ''))
  if (caller?.client.enabled !== true || !caller.user.enabled) throw refusal(401, 'HTTP 401 Unauthorized')
  return caller
}

function findCaller(state: State, token: string): Caller | undefined {
  const [head = '', body = '', signature = ''] = token.split('.')
  const parsed = z.tuple([headerSchema, claimsSchema]).safeParse([decode(head), decode(body)])
  if (!parsed.success) return undefined
  const [{ kid }, { iss, azp, sub, exp }] = parsed.data
  const realm = state.realms.get(iss.slice(`${state.url}/realms/`.length))
  if (realm === undefined || exp * 1000 <= state.now()) return undefined
  if (!isSignedBy(realm, kid, { text: `${head}.${body}`, signature })) return undefined
  const client = clientNamed(realm, azp)
  const user = realm.users.get(sub)
  return client === undefined || user === undefined ? undefined : { realm, client, user }
}

interface Signed {
  readonly text: string
  readonly signature: string
}

function isSignedBy(realm: Realm, kid: string, { text, signature }: Signed): boolean {
  const key = keysOf(realm).find((one) => one.kid === kid)?.privateKey
  return key !== undefined && verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64url'))
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return undefined
  }
}

/** Ids of roles with everything that comes with them. */
export function expandRoles(realm: Realm, ids: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>()
  const take = (id: string): void => {
    const role = realm.roles.get(id)
    if (role === undefined || found.has(id)) return
    found.add(id)
    role.composites.forEach(take)
  }
  for (const id of ids) take(id)
  return found
}

/** The roles that a client's token may hold of a user's. */
export function rolesInToken(realm: Realm, client: Client, user: User): ReadonlySet<string> {
  const all = expandRoles(realm, user.roles)
  if (client.fullScopeAllowed) return all
  const inScope = expandRoles(realm, client.scopeRoles)
  return new Set([...all].filter((id) => inScope.has(id) || realm.roles.get(id)?.clientId === client.id))
}

/** The bootstrap account, and whoever else has `admin` in the master realm. */
export function isMasterAdmin({ realm, client, user }: Caller): boolean {
  const admin = roleNamed(realm, 'admin')
  return realm.settings.realm === 'master' && admin !== undefined && rolesInToken(realm, client, user).has(admin.id)
}

/** Whether the caller has one of these roles of a realm's administration; none named: any of them will do. */
export function mayAdminister(caller: Caller, realm: Realm, oneOf: readonly string[]): boolean {
  if (isMasterAdmin(caller)) return true
  if (caller.realm !== realm) return false
  const management = clientNamed(realm, 'realm-management')
  if (management === undefined) return false
  return [...rolesInToken(realm, caller.client, caller.user)].some((id) => {
    const role = realm.roles.get(id)
    return role?.clientId === management.id && (oneOf.length === 0 || oneOf.includes(role.name))
  })
}

/** Ends the call of somebody who may not make it. */
export function demand(caller: Caller, realm: Realm, oneOf: readonly string[]): void {
  if (!mayAdminister(caller, realm, oneOf)) throw refusal(403, 'HTTP 403 Forbidden')
}

/** Nobody gives away a role of the realm's administration without having what it is for. */
export function demandRoles(caller: Caller, realm: Realm, ids: readonly string[]): void {
  const management = clientNamed(realm, 'realm-management')
  for (const id of ids) {
    const role = realm.roles.get(id)
    if (role !== undefined && role.clientId === management?.id) demand(caller, realm, stronger(role.name))
  }
}

// Whoever manages something may let others look at it.
function stronger(name: string): readonly string[] {
  const [kind, ...what] = name.split('-')
  const kinds = kind === 'query' ? ['query', 'view', 'manage'] : kind === 'view' ? ['view', 'manage'] : [kind]
  return kinds.map((one) => [one, ...what].join('-'))
}

/** The service account of a client, refused where there is none. */
export function serviceAccount(realm: Realm, client: Client): User {
  const user = client.serviceAccountsEnabled ? accountOf(realm, client.id) : undefined
  if (user === undefined) throw refusal(400, `Service account not enabled for the client '${client.clientId}'`)
  return user
}
