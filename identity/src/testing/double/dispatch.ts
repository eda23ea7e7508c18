import { callerOf, demand, isMasterAdmin } from './tokens/access.ts'
import { Refusal, complaint, readBody, refusal } from './answer.ts'
import type { Answer } from './answer.ts'
import type { DoubleCall } from './call.ts'
import { importRealm } from './model/import-realm.ts'
import { publishedKeys } from './tokens/keys.ts'
import { newRealmFields } from './model/representations.ts'
import { allRoutes } from './routes/all.ts'
import { findRoute } from './routes/route.ts'
import { showRealm } from './model/show.ts'
import type { Realm, State } from './model/state.ts'
import { answerTokenRequest } from './tokens/tokens.ts'

/** A call as it came. */
export interface RawCall {
  readonly method: string
  /** Decoded. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly body: string
}

const openid = ['protocol', 'openid-connect']

/** What a call is, before anything is done about it. */
export function describeCall({ method, segments, body }: RawCall): DoubleCall {
  const path = `/${segments.join('/')}`
  const [first, second, third] = segments
  const call = (realm: string | undefined, template: string): DoubleCall => {
    return { route: `${method} ${template}`, method, path, realm }
  }
  if (first === 'realms') return call(second, ['', 'realms', '{realm}', ...segments.slice(2)].join('/'))
  if (first !== 'admin' || second !== 'realms') return call(undefined, path)
  if (third === undefined) return call(realmIn(body), '/admin/realms')
  const found = findRoute(allRoutes, method, segments.slice(3))
  const below = typeof found === 'object' ? found.route.path : segments.slice(3).join('/')
  return call(third, ['/admin/realms/{realm}', below].filter((part) => part !== '').join('/'))
}

function realmIn(body: string): string | undefined {
  const parsed = parseJson(body)
  return typeof parsed === 'object' && parsed !== null && 'realm' in parsed ? String(parsed.realm) : undefined
}

function parseJson(body: string): unknown {
  try {
    return body === '' ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Does what a call says, and gives the answer. */
export function answerCall(state: State, call: RawCall): Answer {
  try {
    const [first, second] = call.segments
    if (first === 'realms') return answerOfRealm(state, call)
    if (first === 'admin' && second === 'realms') return answerOfAdministration(state, call)
    throw refusal(404, 'Unable to find matching target resource method')
  } catch (error) {
    if (error instanceof Refusal) return error.answer
    throw error
  }
}

function answerOfRealm(state: State, { method, segments, authorization, body }: RawCall): Answer {
  const [, name = '', ...rest] = segments
  const realm = state.realms.get(name)
  if (realm === undefined) throw refusal(404, 'Realm does not exist')
  switch (`${method} ${rest.join('/')}`) {
    case `POST ${openid.join('/')}/token`:
      return answerTokenRequest(state, realm, new URLSearchParams(body), authorization)
    case `GET ${openid.join('/')}/certs`:
      return { status: 200, body: publishedKeys(realm) }
    case 'GET .well-known/openid-configuration':
      return { status: 200, body: discovery(`${state.url}/realms/${name}`) }
    default:
      throw refusal(404, 'HTTP 404 Not Found')
  }
}

function discovery(issuer: string): object {
  const at = `${issuer}/${openid.join('/')}`
  return {
    ...{ issuer, authorization_endpoint: `${at}/auth`, token_endpoint: `${at}/token`, jwks_uri: `${at}/certs` },
    ...{ userinfo_endpoint: `${at}/userinfo`, end_session_endpoint: `${at}/logout` },
    id_token_signing_alg_values_supported: ['RS256'],
  }
}

function answerOfAdministration(state: State, call: RawCall): Answer {
  const caller = callerOf(state, call.authorization)
  const [, , name, ...below] = call.segments
  if (name === undefined) {
    if (!isMasterAdmin(caller)) throw refusal(403, 'HTTP 403 Forbidden')
    return call.method === 'POST' ? createRealm(state, call.body) : listRealms(state, call.method)
  }
  const realm: Realm | undefined = state.realms.get(name)
  if (realm === undefined) throw refusal(404, 'Realm not found.')
  demand(caller, realm, [])
  const found = findRoute(allRoutes, call.method, below)
  if (found === undefined) throw refusal(404, 'HTTP 404 Not Found')
  if (found === 'other-method') throw refusal(405, 'HTTP 405 Method Not Allowed')
  demand(caller, realm, found.route.needs)
  const body = parseJson(call.body)
  return found.route.answer({ state, realm, caller, params: found.params, query: call.query, body })
}

function listRealms({ realms }: State, method: string): Answer {
  if (method !== 'GET') throw refusal(405, 'HTTP 405 Method Not Allowed')
  return { status: 200, body: [...realms.values()].map(showRealm) }
}

function createRealm(state: State, body: string): Answer {
  const parsed = newRealmFields.safeParse(parseJson(body))
  if (!parsed.success) throw complaint(400, 'unable to read contents from stream')
  const fields = readBody(newRealmFields, 'RealmRepresentation', parseJson(body))
  const { settings } = importRealm(state, fields)
  return { status: 201, location: `${state.url}/admin/realms/${encodeURIComponent(settings.realm)}` }
}
