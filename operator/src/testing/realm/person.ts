import { createHash, createHmac, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { createBrowser, formOf } from '../first-admin.ts'
import type { Page } from '../first-admin.ts'

/** What a login with a name and a password alone comes to. */
export type Login =
  | { readonly kind: 'token'; readonly token: string }
  /** Keycloak asks for a second factor that the person has. */
  | { readonly kind: 'asked-for-code' }
  /** Keycloak wants one to be set up before it goes on. */
  | { readonly kind: 'asked-to-set-up'; readonly secret: string; finish(): Promise<Login> }
  | { readonly kind: 'refused'; readonly text: string }

export interface Person {
  readonly username: string
  readonly password: string
}

/** A person in front of Keycloak's login page, without a session. */
export async function logIn(url: string, realm: string, { username, password }: Person): Promise<Login> {
  const verifier = randomBytes(32).toString('base64url')
  const client = { client_id: 'security-admin-console', redirect_uri: `${url}/admin/${realm}/console/` }
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const openid = `${url}/realms/${realm}/protocol/openid-connect`
  const flow = { response_type: 'code', scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' }
  const visit = createBrowser()
  const asked = await visit(`${openid}/auth?${new URLSearchParams({ ...client, ...flow }).toString()}`)
  const read = async (page: Page): Promise<Login> => {
    const code = page.location === null ? null : new URL(page.location).searchParams.get('code')
    if (code !== null) {
      const grant = { grant_type: 'authorization_code', code, code_verifier: verifier, ...client }
      const answer = await fetch(`${openid}/token`, { method: 'POST', body: new URLSearchParams(grant) })
      return { kind: 'token', token: z.object({ access_token: z.string() }).parse(await answer.json()).access_token }
    }
    const secret = /name="totpSecret"[^>]*value="([^"]+)"/.exec(page.text)?.[1]
    if (secret !== undefined) {
      const finish = async () => {
        const form = { totp: codeOf(secret), totpSecret: secret, userLabel: 'phone' }
        return read(await visit(formOf(page), form))
      }
      return { kind: 'asked-to-set-up', secret, finish }
    }
    if (/name="otp"/.test(page.text)) return { kind: 'asked-for-code' }
    return { kind: 'refused', text: page.text }
  }
  return read(await visit(formOf(asked), { username, password }))
}

// RFC 6238 with Keycloak's figures; its secret is text, and the bytes of that text are the key.
function codeOf(secret: string): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const digest = createHmac('sha1', Buffer.from(secret, 'utf8')).update(counter).digest()
  const offset = (digest.at(-1) ?? 0) & 15
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0')
}
