import { createPublicKey } from 'node:crypto'
import { z } from 'zod'

export type CheckedKeys =
  | { readonly ok: true; /** JSON text, in one canonical form. */ readonly jwks: string }
  | { readonly ok: false; readonly problem: string }

const maxKeys = 16
const maxJwksBytes = 16_384
const kid = z.string().min(1).max(256)
const published = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(100) })
const base64url = (min: number, max: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .min(min)
    .max(max)
// Only these members leave: no certificate chains (they double the size), no private parts, no shared secrets. From 2048
// to 8192 bits, and an exponent of at most 32: more would cost whoever verifies with it.
const rsa = z.object({
  kty: z.literal('RSA'),
  kid,
  alg: z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']).default('RS256'),
  n: base64url(342, 1366),
  e: base64url(1, 6),
})
const curve = <C extends string, A extends string>(crv: C, alg: A) =>
  z.object({
    ...{ kty: z.literal('EC'), kid, crv: z.literal(crv), alg: z.literal(alg).default(alg) },
    ...{ x: base64url(1, 88), y: base64url(1, 88) },
  })
const key = z.union([rsa, curve('P-256', 'ES256'), curve('P-384', 'ES384'), curve('P-521', 'ES512')])
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * The keys that may verify a token, out of what an issuer publishes: public RSA (2048 bits and more) and EC signing
 * keys, sorted. Keys for encryption and of unknown kinds are left out; a private or shared key spoils the whole set, and
 * so does a signing key without a `kid`, which would match any token. A key that names no algorithm is for the usual one.
 */
export function checkKeys(body: unknown): CheckedKeys {
  const parsed = published.safeParse(body)
  if (!parsed.success) return refuse('the answer is no JSON Web Key Set')
  const entries = parsed.data.keys
  if (entries.some(isSecret)) return refuse('a key holds private parts')
  const signing = entries.filter(isForSigning)
  if (signing.some((entry) => entry['kid'] === undefined)) return refuse('a signing key has no kid')
  const keys = signing.flatMap((entry) => {
    const checked = key.safeParse(entry)
    return checked.success && isOnItsCurve(checked.data) ? [{ ...checked.data, use: 'sig' }] : []
  })
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

function isSecret(entry: Record<string, unknown>): boolean {
  return entry['kty'] === 'oct' || privateMembers.some((member) => Object.hasOwn(entry, member))
}

function isForSigning({ use, kty, key_ops: operations }: Record<string, unknown>): boolean {
  if (kty !== 'RSA' && kty !== 'EC') return false
  if (use !== undefined) return use === 'sig'
  return !Array.isArray(operations) || operations.includes('verify')
}

// Envoy would refuse the whole configuration for a point that is on no curve.
function isOnItsCurve(jwk: z.infer<typeof key>): boolean {
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return true
  } catch {
    return false // no key: the same as none
  }
}
