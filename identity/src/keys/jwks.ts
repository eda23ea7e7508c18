import { z } from 'zod'

export type CheckedKeys =
  | { readonly ok: true; /** JSON text, in one canonical form. */ readonly jwks: string }
  | { readonly ok: false; readonly problem: string }

const maxKeys = 16
const maxJwksBytes = 16_384
const base64url = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/)
  .max(2048)
const kid = z.string().min(1).max(256)
const published = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(100) })
// Only these members leave: no certificate chains (they double the size), no private parts, no shared secrets.
const rsa = z.object({
  kty: z.literal('RSA'),
  kid,
  alg: z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']),
  n: base64url.min(342),
  e: base64url,
})
const ec = z.object({
  kty: z.literal('EC'),
  kid,
  alg: z.enum(['ES256', 'ES384', 'ES512']),
  crv: z.enum(['P-256', 'P-384', 'P-521']),
  x: base64url,
  y: base64url,
})
const key = z.union([rsa, ec])
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * The keys that may verify a token, out of what an issuer publishes: public RSA (2048 bits and more) and EC signing
 * keys with a `kid`, sorted. Keys for encryption are left out; a private or shared key spoils the whole set.
 */
export function checkKeys(body: unknown): CheckedKeys {
  const parsed = published.safeParse(body)
  if (!parsed.success) return refuse('the answer is no JSON Web Key Set')
  const signing = parsed.data.keys.filter((entry) => entry['use'] === 'sig')
  const keys = []
  for (const entry of signing) {
    if (privateMembers.some((member) => Object.hasOwn(entry, member))) return refuse('a key holds private parts')
    const checked = key.safeParse(entry)
    if (checked.success) keys.push({ ...checked.data, use: 'sig' })
  }
  if (keys.length === 0) return refuse('it holds no usable signing key')
  if (keys.length > maxKeys) return refuse(`it holds more than ${maxKeys} signing keys`)
  if (new Set(keys.map((entry) => entry.kid)).size < keys.length) return refuse('two keys have the same kid')
  const jwks = JSON.stringify({ keys: keys.toSorted((a, b) => (a.kid < b.kid ? -1 : 1)) })
  if (Buffer.byteLength(jwks) > maxJwksBytes) return refuse(`it is longer than ${maxJwksBytes} bytes`)
  return { ok: true, jwks }
}

function refuse(why: string): CheckedKeys {
  return { ok: false, problem: `Cannot use the issuer's keys: ${why}` }
}
