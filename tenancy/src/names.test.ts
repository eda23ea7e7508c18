import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  issuerOf,
  namespaceOf,
  parseTenantName,
  realmOf,
  schemaOf,
  tenantId,
  tenantOfIssuer,
  tenantOfNamespace,
  type TenantName,
} from './index.ts'

const publicUrl = 'https://id.gw.test'
const names = fc
  .stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/)
  .map((text) => parseTenantName(text))
  .filter((name): name is TenantName => name !== undefined)
const tenants = fc.record({ name: names, id: fc.uuid().map((uid) => tenantId(uid)) })

test('a realm and a namespace lead back to the tenant they were derived from', () => {
  fc.assert(
    fc.property(tenants, (tenant) => {
      expect(tenantOfIssuer(publicUrl, issuerOf(`${publicUrl}/`, tenant))).toEqual(tenant)
      expect(tenantOfNamespace(namespaceOf(tenant.name))).toBe(tenant.name)
    }),
  )
})

test('two incarnations of one name share no realm and no schema', () => {
  fc.assert(
    fc.property(names, fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 2 }), (name, [first = '', second = '']) => {
      const [one, two] = [tenantId(first), tenantId(second)]
      expect(realmOf({ name, id: one })).not.toBe(realmOf({ name, id: two }))
      expect(schemaOf(one)).not.toBe(schemaOf(two))
    }),
  )
})

test('different tenants never derive the same realm, whatever their names end in', () => {
  fc.assert(
    fc.property(tenants, tenants, (one, two) => {
      fc.pre(one.name !== two.name || one.id !== two.id)
      expect(realmOf(one)).not.toBe(realmOf(two))
    }),
  )
})

test('S-161 a schema is an opaque identifier for any uid', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (uid) => {
      expect(schemaOf(tenantId(uid))).toMatch(/^tenant_[a-z2-7]{13}$/)
    }),
  )
})

test.each(['', 'Acme', '-acme', 'acme-', '1acme', 'a_b', '../master', 'a/b', 'a'.repeat(41), 'acmé', 'a.b', ' a'])(
  'S-172 %j is no tenant name',
  (text) => expect(parseTenantName(text)).toBeUndefined(),
)

test.each([
  `${publicUrl}/realms/master`,
  `${publicUrl}/realms/acme`,
  'https://evil.test/realms/acme-aaaaaaaaaaaaa',
  `${publicUrl}/realms/acme-aaaaaaaaaaaaa/`,
  `${publicUrl}/realms/../acme-aaaaaaaaaaaaa`,
])('%s names no tenant', (issuer) => expect(tenantOfIssuer(publicUrl, issuer)).toBeUndefined())
