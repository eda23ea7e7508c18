import { X509Certificate } from 'node:crypto'
import { Secret } from '@bulkhead/runtime'
import type { Host } from '@bulkhead/tenancy'
import { describe, expect, test } from 'vitest'
import { checkPair, timeProblem } from './check.ts'
import { checkSecret } from './secret-object.ts'
import { issue, tlsSecret } from './testing/issue.ts'
import type { Issued } from './testing/issue.ts'

const host = 'api.acme.example' as Host
const check = ({ cert, key }: Issued) => checkPair({ cert, key: new Secret(key) }, host)
const problemOf = (checked: ReturnType<typeof check>) => (checked.kind === 'bad' ? checked.problem : 'none')
const good = await issue([host])
const other = await issue([host])

describe('S-119 a certificate', () => {
  test.each(['P-256', 'P-384', 'RSA-2048'] as const)('of a key of %s is good', async (kind) => {
    expect(check(await issue(['other.example', host], { kind }))).toMatchObject({ kind: 'good' })
  })

  test.each(['RSA-1024', 'P-521', 'Ed25519'] as const)('of a key of %s is refused', async (kind) => {
    expect(problemOf(check(await issue([host], { kind })))).toContain('a key that is none of')
  })

  test.each([
    ['no certificate', { cert: '', key: good.key }, 'no certificate in PEM under tls.crt'],
    ['text that is none', { cert: 'hello', key: good.key }, 'no certificate in PEM under tls.crt'],
    [
      'a body that is none',
      { cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', key: good.key },
      'cannot be read',
    ],
    ['no key', { cert: good.cert, key: '' }, 'no private key in PEM'],
    ['a key that is none', { cert: good.cert, key: 'hello' }, 'no private key in PEM'],
    ['the key of another', { cert: good.cert, key: other.key }, 'not that of the first certificate'],
    ['its issuer first', { cert: other.cert + good.cert, key: good.key }, 'not that of the first certificate'],
    ['too many', { cert: good.cert.repeat(9), key: good.key }, 'more than 8 certificates'],
    ['a megabyte', { cert: good.cert.repeat(2000), key: good.key }, 'larger than 64 KiB'],
  ])('with %s is refused', (_title, pair, words) => expect(problemOf(check(pair))).toContain(words))

  test.each([
    ['another host', ['api.globex.example']],
    ['the domain above', ['acme.example']],
    ['a star over two labels', ['*.example']],
    ['a star that is part of a label', ['a*.acme.example']],
    ['S-152 a name with an end inside', ['api.acme.example\u0000.evil.example']],
    ['nothing', []],
  ])('for %s does not stand for the host', async (_title, names) => {
    expect(problemOf(check(await issue(names)))).toContain(`does not stand for "${host}"`)
  })

  test('S-152 that names the host in its subject only does not stand for it', async () => {
    expect(problemOf(check(await issue([], { commonName: host })))).toContain('does not stand for')
  })

  test('with a star for one label stands for the host', async () => {
    expect(check(await issue(['*.acme.example'])).kind).toBe('good')
  })

  test('is written anew: what stands between the certificates goes nowhere', () => {
    const checked = check({ cert: `# note\n${good.cert}\njunk\n${other.cert}`, key: `junk\n${good.key}` })
    const certificate = checked.kind === 'good' ? checked.certificate : undefined
    expect(certificate?.cert).not.toContain('junk')
    expect(certificate?.key.reveal()).not.toContain('junk')
    expect(new X509Certificate(certificate?.cert ?? '').checkHost(host)).toBe(host)
  })

  test('is judged by the time', async () => {
    const checked = check(await issue([host], { validFrom: '2026-01-01', validTo: '2026-02-01' }))
    const at = (time: string) => checked.kind === 'good' && timeProblem(checked.certificate, Date.parse(time))
    expect(at('2025-12-31T23:59:59Z')).toContain('valid only from 2026-01-01T00:00:00Z')
    expect(at('2026-01-15')).toBeUndefined()
    expect(at('2026-02-01')).toContain('ended at 2026-02-01T00:00:00Z')
  })
})

describe('S-119 a Secret', () => {
  const secret = tlsSecret('tenant-acme', 'api', good)

  test('of the right type is good', () => expect(checkSecret(secret, host).kind).toBe('good'))

  test.each([
    ['of another type', { ...secret, type: 'Opaque' }, 'not of type kubernetes.io/tls'],
    ['without data', { ...secret, data: undefined }, 'no certificate in PEM'],
    ['of a megabyte', { ...secret, data: { 'tls.crt': 'A'.repeat(1 << 20) } }, 'larger than 64 KiB'],
    ['that is no object', 'text', 'cannot be read as a Secret'],
  ])('%s is refused', (_title, raw, words) => expect(problemOf(checkSecret(raw, host))).toContain(words))

  test('no word of a key is in what is said, nor in what is logged of a good one', async () => {
    const key = good.key.split('\n')[1] ?? ''
    const weak = await issue([host], { kind: 'RSA-1024' })
    const said = [check(good), check({ cert: other.cert, key: good.key }), check({ cert: '', key: good.key })]
    expect(JSON.stringify([...said, check(weak)])).not.toContain(key)
    expect(key.length).toBeGreaterThan(20)
  })
})
