import { sign } from 'node:crypto'
import { refusal } from '../answer.ts'
import type { Answer } from '../answer.ts'
import { beyondTheDouble } from '../answer.ts'
import { mappedClaims, scopesOf } from './claims.ts'
import { signingKey } from './keys.ts'
import { accountOf, clientNamed } from '../model/state.ts'
import type { Client, Realm, State } from '../model/state.ts'

const wrongClient = 'Invalid client or Invalid client credentials'

/** The answer of a realm's token endpoint to a form. */
export function answerTokenRequest(
  state: State,
  realm: Realm,
  form: URLSearchParams,
  authorization: string | undefined,
): Answer {
  if (!realm.settings.enabled) throw refusal(403, 'access_denied', 'Realm not enabled')
  const grant = form.get('grant_type')
  if (grant === null) throw refusal(400, 'invalid_request', 'Missing form parameter: grant_type')
  const client = authenticate(realm, { ...fromForm(form), ...fromBasic(authorization) })
  if (grant === 'password' && !client.directAccessGrantsEnabled)
    throw refusal(400, 'unauthorized_client', 'Client not allowed for direct access grants')
  if (grant !== 'client_credentials') {
    if (['password', 'authorization_code', 'refresh_token'].includes(grant))
      throw beyondTheDouble(`the grant "${grant}"`)
    throw refusal(400, 'unsupported_grant_type', 'Unsupported grant_type')
  }
  return serviceAccountToken(state, realm, client, (form.get('scope') ?? '').split(' ').filter(Boolean))
}

interface Credentials {
  readonly clientId: string
  readonly secret: string
}

function fromForm(form: URLSearchParams): Credentials {
  return { clientId: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' }
}

function fromBasic(authorization: string | undefined): Partial<Credentials> {
  const encoded = /^Basic (.+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return {}
  const [clientId = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':')
  return { clientId: decodeURIComponent(clientId), secret: decodeURIComponent(secret.join(':')) }
}

function authenticate(realm: Realm, { clientId, secret }: Credentials): Client {
  const client = clientNamed(realm, clientId)
  if (client?.enabled !== true) throw refusal(401, 'invalid_client', wrongClient)
  if (client.bearerOnly || (!client.publicClient && client.secret !== secret))
    throw refusal(401, 'unauthorized_client', wrongClient)
  return client
}

function serviceAccountToken(state: State, realm: Realm, client: Client, asked: readonly string[]): Answer {
  if (client.publicClient)
    throw refusal(401, 'unauthorized_client', 'Public client not allowed to retrieve service account')
  const user = client.serviceAccountsEnabled ? accountOf(realm, client.id) : undefined
  if (user === undefined) throw refusal(401, 'unauthorized_client', 'Client not enabled to retrieve service account')
  if (!user.enabled) throw refusal(401, 'invalid_request', `User '${user.username}' disabled`)
  const known = [...client.defaultClientScopes, ...client.optionalClientScopes, 'openid']
  if (asked.some((name) => !known.includes(name)))
    throw refusal(400, 'invalid_scope', `Invalid scopes: ${asked.join(' ')}`)
  const bearer = { realm, client, user }
  const mapped = mappedClaims(bearer, scopesOf(bearer, asked))
  const lifetime = Number(client.attributes['access.token.lifespan'] ?? realm.settings.accessTokenLifespan)
  const iat = Math.floor(state.now() / 1000)
  const claims = {
    ...{ exp: iat + lifetime, iat, jti: `trrtcc:${state.newId()}` },
    ...{ iss: `${state.url}/realms/${realm.settings.realm}`, typ: 'Bearer', azp: client.clientId },
    ...mapped,
  }
  return {
    status: 200,
    body: {
      ...{ access_token: signed(realm, claims), expires_in: lifetime, refresh_expires_in: 0, token_type: 'Bearer' },
      ...{ 'not-before-policy': 0, scope: mapped['scope'] },
    },
  }
}

function signed(realm: Realm, claims: object): string {
  const key = signingKey(realm)
  if (key === undefined) throw refusal(500, 'unknown_error', 'For more on this error consult the server log.')
  const parts = [{ alg: key.algorithm, typ: 'JWT', kid: key.kid }, claims]
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${sign('sha256', Buffer.from(text), key.privateKey).toString('base64url')}`
}
