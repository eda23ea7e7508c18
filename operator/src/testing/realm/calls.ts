import { createPublicKey, verify } from 'node:crypto'
import type { TestKeycloak } from '@bulkhead/identity/testing'
import { z } from 'zod'

/** A call below `/admin/realms` by the bootstrap account; a refusal is thrown. */
export async function callAsBootstrap(
  { url, clientId, clientSecret }: TestKeycloak,
  ...[method, path, body]: readonly [string, string, (object | undefined)?]
): Promise<unknown> {
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  const asked = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const { access_token: token } = z.object({ access_token: z.string() }).parse(await asked.json())
  const answer = await fetch(`${url}/admin/realms/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

/** Which key a token says it was signed by. */
export function kidOf(token: string): string {
  const head = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()
  return z.object({ kid: z.string() }).parse(JSON.parse(head)).kid
}

/** Whether a token is signed by one of these keys. */
export function isSignedBy(token: string, jwks: string): boolean {
  const { keys } = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }).parse(JSON.parse(jwks))
  const jwk = keys.find(({ kid }) => kid === kidOf(token))
  if (jwk === undefined) return false
  const [head = '', body = '', signature = ''] = token.split('.')
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))
}

/** Makes a user whose profile is whole and who has a password. */
export async function makePerson(
  keycloak: TestKeycloak,
  realm: string,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  const credentials = [{ type: 'password', value: password, temporary: false }]
  const profile = { email: `${username}@acme.test`, firstName: 'Some', lastName: 'Body', emailVerified: true }
  await callAsBootstrap(keycloak, 'POST', `${realm}/users`, { username, enabled: true, credentials, ...profile })
}
