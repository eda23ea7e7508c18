import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { checkKeys } from './jwks.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsaKey = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'b', use: 'sig', alg: 'RS256', x5c: ['MII'] }
const ecKey = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'a', use: 'sig', alg: 'ES256' }

test('public signing keys pass, sorted, without what nobody needs', () => {
  const checked = checkKeys({ keys: [rsaKey, ecKey] })
  const keys = checked.ok ? (JSON.parse(checked.jwks) as { keys: { kid: string }[] }).keys : []
  expect(keys.map((key) => key.kid)).toEqual(['a', 'b'])
  expect(JSON.stringify(keys)).not.toContain('x5c')
})

test('the order of the keys does not change the bytes', () => {
  expect(checkKeys({ keys: [rsaKey, ecKey] })).toEqual(checkKeys({ keys: [ecKey, rsaKey] }))
})

test('keys for encryption and unknown kinds are left out', () => {
  const encryption = { ...rsaKey, kid: 'c', use: 'enc', alg: 'RSA-OAEP' }
  const odd = { ...rsaKey, kid: 'd', alg: 'HS256' }
  expect(checkKeys({ keys: [encryption, odd, ecKey] })).toEqual(checkKeys({ keys: [ecKey] }))
})

test.each([
  ['F-47 an empty set', { keys: [] }, 'no usable signing key'],
  ['F-47 an answer that is no key set', '<html>', 'no JSON Web Key Set'],
  ['F-47 an error', { error: 'x' }, 'no JSON Web Key Set'],
  ['a private key', { keys: [{ ...rsaKey, d: 'AA' }] }, 'private parts'],
  ['a shared secret', { keys: [{ kty: 'oct', k: 'AA', kid: 'x', use: 'sig' }] }, 'private parts'],
  ['a key without a kid', { keys: [{ ...ecKey, kid: undefined }] }, 'no usable signing key'],
  ['an RSA key that is too short', { keys: [{ ...rsaKey, n: 'A'.repeat(171) }] }, 'no usable signing key'],
  ['one kid twice', { keys: [rsaKey, { ...ecKey, kid: 'b' }] }, 'the same kid'],
  ['too many keys', { keys: Array.from({ length: 17 }, (_, i) => ({ ...ecKey, kid: `k${i}` })) }, 'more than 16'],
  [
    'too many bytes',
    { keys: Array.from({ length: 16 }, (_, i) => ({ ...rsaKey, n: 'A'.repeat(2000), kid: `k${i}` })) },
    'longer than 16384 bytes',
  ],
])('%s is refused', (_title, body, problem) => {
  expect(checkKeys(body)).toEqual({ ok: false, problem: expect.stringContaining(problem) as string })
})
