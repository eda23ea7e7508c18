import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { z } from 'zod'
import type { GatewayAnswer, GatewayClient } from './gateway-client.ts'

/** Credentials as the Secret of a Subscription holds them. */
export interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
  readonly tokenUrl: string
  readonly baseUrl: string
}

const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() })

/** A fresh access token by client credentials, through the edge. Throws with Keycloak's words when it refuses. */
export async function fetchToken(client: GatewayClient, credentials: Credentials): Promise<string> {
  const { status, body } = await askForToken(client, credentials)
  if (status !== 200)
    throw new Error(`Cannot fetch a token for ${credentials.clientId}: ${status} ${body.slice(0, 200)}`)
  return tokenAnswer.parse(JSON.parse(body)).access_token
}

/** The same request, whatever becomes of it. */
export function askForToken(client: GatewayClient, credentials: Credentials): Promise<GatewayAnswer> {
  const { host, pathname } = new URL(credentials.tokenUrl)
  return client.send({
    ...{ host, path: pathname, method: 'POST', body: 'grant_type=client_credentials' },
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString('base64')}`,
    },
  })
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The same token with `alg: none` (in the spelling given) and no signature. */
export function withoutSignature(token: string, alg: string): string {
  return `${encode({ ...decodeProtectedHeader(token), alg })}.${token.split('.')[1] ?? ''}.`
}

/** The same token signed with HS256 by the bytes of a public key: what a confused verifier would accept. */
export function signedByPublicKey(token: string, publicKey: string | Buffer): string {
  const body = `${encode({ ...decodeProtectedHeader(token), alg: 'HS256' })}.${token.split('.')[1] ?? ''}`
  return `${body}.${createHmac('sha256', publicKey).update(body).digest('base64url')}`
}

/** A key to sign with; without a `kid` the token keeps the one it had. */
export interface SigningKey {
  readonly key: KeyObject
  readonly kid?: string
}

/** The claims of a token with changes, signed anew; a claim changed to undefined is left out. */
export function resigned(
  token: string,
  changes: Readonly<Record<string, unknown>>,
  signing: SigningKey,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const old = decodeProtectedHeader(token)
  const encoded = [
    encode({ ...old, ...header, alg: 'RS256', kid: signing.kid ?? old.kid }),
    encode({ ...decodeJwt(token), ...changes }),
  ].join('.')
  return `${encoded}.${sign('sha256', Buffer.from(encoded), signing.key).toString('base64url')}`
}

/** Tokens of a stranger's key that bring the key along or say where to fetch it. */
export function broughtAlong(token: string, url: string): readonly string[] {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = publicKey.export({ format: 'jwk' })
  const headers = [{ jku: url }, { x5u: url }, { jwk }, { jwk, kid: undefined }]
  return headers.map((header) => resigned(token, {}, { key: privateKey }, header))
}
