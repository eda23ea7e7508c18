import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'

/** What Keycloak answered: a page, or where it leads. */
export interface Page {
  readonly text: string
  readonly location: string | null
}

/** A person in front of Keycloak's pages, who comes with an invitation and has to choose a password of their own. */
export async function logInFirst(
  url: string,
  realm: string,
  invitation: Readonly<Record<string, string>>,
): Promise<string> {
  const verifier = randomBytes(32).toString('base64url')
  const client = { client_id: 'security-admin-console', redirect_uri: `${url}/admin/${realm}/console/` }
  const openid = `${url}/realms/${realm}/protocol/openid-connect`
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const flow = { response_type: 'code', scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' }
  const visit = createBrowser()
  const asked = await visit(`${openid}/auth?${new URLSearchParams({ ...client, ...flow }).toString()}`)
  const { username = '', password = '' } = invitation
  const chosen = randomBytes(16).toString('hex')
  const profile = { username, email: 'first@wayne.test', firstName: 'First', lastName: 'Admin' }
  let page = await visit(formOf(asked), { username, password })
  // Whatever Keycloak asks of a new user, once each: a password of their own, then who they are.
  for (const form of [{ 'password-new': chosen, 'password-confirm': chosen }, profile]) {
    if (page.location === null) page = await visit(formOf(page), form)
  }
  const code = codeIn(page.location) ?? ''
  const grant = { grant_type: 'authorization_code', code, code_verifier: verifier, ...client }
  const answer = await fetch(`${openid}/token`, { method: 'POST', body: new URLSearchParams(grant) })
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token
}

// Keeps cookies, and follows redirects within Keycloak's own pages; the one that carries the code is the end.
export function createBrowser(): (address: string, form?: Readonly<Record<string, string>>) => Promise<Page> {
  const cookies = new Map<string, string>()
  const visit = async (address: string, form?: Readonly<Record<string, string>>): Promise<Page> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
    const answer = await fetch(address, { ...sent, headers: { cookie }, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    const location = answer.headers.get('location')
    if (location !== null && codeIn(location) === undefined) return visit(location)
    return { text: await answer.text(), location }
  }
  return visit
}

function codeIn(location: string | null): string | undefined {
  return location === null ? undefined : (new URL(location).searchParams.get('code') ?? undefined)
}

/** Where the form of a page goes to. */
export function formOf({ text }: Page): string {
  const action = /<form[^>]*action="([^"]+)"/.exec(text)?.[1]
  if (action === undefined) throw new Error(`There is no form on the page: ${text.slice(0, 500)}`)
  return action.replaceAll('&amp;', '&')
}
