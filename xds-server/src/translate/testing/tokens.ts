// An issuer that signs whatever it is told to: what a realm would, and what it never would.
import { createSign, generateKeyPairSync } from 'node:crypto'

export interface Issuer {
  readonly jwks: string
  sign(claims: Readonly<Record<string, unknown>>): string
}

export function makeIssuer(kid: string): Issuer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    jwks: JSON.stringify({ keys: [key] }),
    sign: (claims) => {
      const head = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part(claims)}`
      return `${head}.${createSign('RSA-SHA256').update(head).sign(privateKey, 'base64url')}`
    },
  }
}
