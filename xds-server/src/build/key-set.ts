import { createPublicKey, ECDH } from 'node:crypto'
import { z } from 'zod'

const named = z.object({ kid: z.string().min(1) })
const rsaKey = named.extend({ kty: z.literal('RSA'), n: z.string(), e: z.string() })
const ecKey = named.extend({
  kty: z.literal('EC'),
  crv: z.enum(['P-256', 'P-384', 'P-521']),
  x: z.string(),
  y: z.string(),
})
const keySet = z.object({ keys: z.array(z.discriminatedUnion('kty', [rsaKey, ecKey])).min(1) })

type Key = z.infer<typeof keySet>['keys'][number]

const modulusBits = { min: 1024, max: 16_384 }
const maxExponent = 2n ** 33n
const curves = {
  'P-256': { name: 'prime256v1', bytes: 32 },
  'P-384': { name: 'secp384r1', bytes: 48 },
  'P-521': { name: 'secp521r1', bytes: 66 },
} as const

/**
 * Whether a text is a set of public keys that Envoy takes, each under a name, for one without would match any token. Envoy
 * refuses everything of a tenant for one key that is none.
 */
export function isKeySet(text: string): boolean {
  try {
    const read = keySet.safeParse(JSON.parse(text))
    return read.success && read.data.keys.every(isKey)
  } catch {
    return false // no JSON, or no point of its curve: the same as no keys
  }
}

function isKey(key: Key): boolean {
  if (key.kty === 'EC') return isPoint(key)
  const { modulusLength = 0, publicExponent = 0n } = createPublicKey({ key, format: 'jwk' }).asymmetricKeyDetails ?? {}
  const isStrong = modulusLength >= modulusBits.min && modulusLength <= modulusBits.max
  return isStrong && publicExponent > 1n && publicExponent < maxExponent && publicExponent % 2n === 1n
}

/** Throws for coordinates that are no point of the curve. */
function isPoint({ crv, x, y }: Extract<Key, { kty: 'EC' }>): boolean {
  const { name, bytes } = curves[crv]
  const [left, right] = [x, y].map((text) => Buffer.from(text, 'base64url'))
  if (left === undefined || right === undefined || left.length > bytes || right.length > bytes) return false
  // Some leave the zeros in front out.
  const padded = [left, right].map((number) => Buffer.concat([Buffer.alloc(bytes - number.length), number]))
  ECDH.convertKey(Buffer.concat([Buffer.of(4), ...padded]), name)
  return true
}
