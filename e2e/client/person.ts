import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { GatewayAnswer, GatewayClient } from './gateway-client.ts'

type Form = Readonly<Record<string, string>>

/** Where a person logs in, with what, and to which application they go. */
export interface Login {
  readonly issuer: string
  readonly username: string
  readonly password: string
  readonly clientId: string
  readonly redirectUri: string
}

/** A person in front of the realm's pages, who comes for the first time and has to choose a password; gives their token. */
export async function logInFirst(client: GatewayClient, login: Login): Promise<string> {
  const openid = `${login.issuer}/protocol/openid-connect`
  const application = { client_id: login.clientId, redirect_uri: login.redirectUri }
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const flow = { response_type: 'code', scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' }
  const visit = browser(client, login.redirectUri)
  const chosen = randomBytes(16).toString('hex')
  const { username, password } = login
  let page = await visit(`${openid}/auth?${query({ ...application, ...flow })}`)
  const who = { username, email: 'first@person.test', firstName: 'First', lastName: 'Person' }
  // Whatever the realm asks of somebody new, once each.
  for (const form of [{ username, password }, { 'password-new': chosen, 'password-confirm': chosen }, who])
    if (codeIn(page) === undefined) page = await visit(formOf(page), form)
  const grant = { grant_type: 'authorization_code', code: codeIn(page) ?? '', code_verifier: verifier, ...application }
  return z.object({ access_token: z.string() }).parse(JSON.parse((await visit(`${openid}/token`, grant)).body))
    .access_token
}

/** Keeps cookies and follows redirects, until one leads to the application. */
function browser(client: GatewayClient, end: string): (address: string, form?: Form) => Promise<GatewayAnswer> {
  const cookies = new Map<string, string>()
  const visit = async (address: string, form?: Form): Promise<GatewayAnswer> => {
    const { host, pathname, search } = new URL(address)
    const answer = await client.send({
      ...{ host, path: `${pathname}${search}` },
      ...(form === undefined ? {} : { method: 'POST', body: query(form) }),
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
    })
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = line.split(';')
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    const { location } = answer.headers
    return typeof location === 'string' && !location.startsWith(end) ? visit(location) : answer
  }
  return visit
}

function query(form: Form): string {
  return new URLSearchParams(form).toString()
}

function codeIn({ headers: { location } }: GatewayAnswer): string | undefined {
  return typeof location === 'string' ? (new URL(location).searchParams.get('code') ?? undefined) : undefined
}

function formOf({ status, body }: GatewayAnswer): string {
  const action = /<form[^>]*action="([^"]+)"/.exec(body)?.[1]
  if (action === undefined) throw new Error(`There is no form on the page (${status}): ${body.slice(0, 500)}`)
  return action.replaceAll('&amp;', '&')
}
