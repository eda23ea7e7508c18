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

test('a key that says neither its use nor its algorithm is for the usual one', () => {
  const { use: _use, alg: _alg, ...bare } = ecKey
  expect(checkKeys({ keys: [bare] })).toEqual(checkKeys({ keys: [ecKey] }))
  expect(checkKeys({ keys: [{ ...bare, key_ops: ['encrypt'] }, ecKey] })).toEqual(checkKeys({ keys: [ecKey] }))
  const { alg: _rs256, ...azure } = rsaKey
  expect(checkKeys({ keys: [azure] })).toEqual(checkKeys({ keys: [rsaKey] }))
})

test.each([
  ['F-47 an empty set', { keys: [] }, 'no usable signing key'],
  ['F-47 an answer that is no key set', '<html>', 'no JSON Web Key Set'],
  ['F-47 an error', { error: 'x' }, 'no JSON Web Key Set'],
  ['a private key', { keys: [{ ...rsaKey, d: 'AA' }] }, 'private parts'],
  ['a shared secret', { keys: [{ kty: 'oct', k: 'AA', kid: 'x', use: 'sig' }] }, 'private parts'],
  ['a key without a kid', { keys: [rsaKey, { ...ecKey, kid: undefined }] }, 'a signing key has no kid'],
  ['S-130 a shared secret that says nothing of its use', { keys: [ecKey, { kty: 'oct', kid: 'x' }] }, 'private parts'],
  ['S-130 a private key for encryption', { keys: [ecKey, { ...rsaKey, use: 'enc', d: 'AA' }] }, 'private parts'],
  ['S-130 ten thousand keys', { keys: Array.from({ length: 10_000 }, () => ecKey) }, 'no JSON Web Key Set'],
  ['S-130 a point on no curve', { keys: [{ ...ecKey, x: ecKey.y, y: ecKey.x }] }, 'no usable signing key'],
  ['S-130 an exponent without measure', { keys: [{ ...rsaKey, e: 'A'.repeat(342) }] }, 'no usable signing key'],
  [
    'S-130 a key of a curve that its algorithm has not',
    { keys: [{ ...ecKey, alg: 'ES512' }] },
    'no usable signing key',
  ],
  ['an RSA key that is too short', { keys: [{ ...rsaKey, n: 'A'.repeat(171) }] }, 'no usable signing key'],
  ['one kid twice', { keys: [rsaKey, { ...ecKey, kid: 'b' }] }, 'the same kid'],
  ['too many keys', { keys: Array.from({ length: 17 }, (_, i) => ({ ...ecKey, kid: `k${i}` })) }, 'more than 16'],
  [
    'too many bytes',
    { keys: Array.from({ length: 16 }, (_, i) => ({ ...rsaKey, n: 'w'.repeat(1366), kid: `k${i}` })) },
    'longer than 16384 bytes',
  ],
])('%s is refused', (_title, body, problem) => {
  expect(checkKeys(body)).toEqual({ ok: false, problem: expect.stringContaining(problem) as string })
})
