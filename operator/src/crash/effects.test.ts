import { expect, test } from 'vitest'
import { effectOf, loginOf, readOf } from './effects.ts'
import type { WireCall } from './effects.ts'

const names = { tenant: 'acme' }
const id = 'abcdefghijkl2'
const uuid = '01234567-89ab-cdef-0123-456789abcdef'
const kubernetes = (method: string, path: string, body: unknown = ''): WireCall => ({
  ...{ peer: 'kubernetes', method, path, body: typeof body === 'string' ? body : JSON.stringify(body) },
})
const keycloak = (method: string, path: string, body: unknown = ''): WireCall => ({
  ...kubernetes(method, path, body),
  peer: 'keycloak',
})

test.each([
  [
    kubernetes('POST', '/api/v1/namespaces?fieldManager=x', { metadata: { name: 'tenant-acme' } }),
    'kubernetes POST /namespaces tenant-{tenant}',
  ],
  [
    kubernetes('POST', '/api/v1/namespaces/bulkhead-system/secrets', { metadata: { name: `realm-${id}` } }),
    'kubernetes POST /namespaces/bulkhead-system/secrets realm-{id}',
  ],
  [
    kubernetes('PATCH', '/apis/bulkhead.dev/v1alpha1/tenants/acme/status', { metadata: { name: 'acme' } }),
    'kubernetes PATCH /tenants/{tenant}/status {tenant}',
  ],
  [
    kubernetes('POST', '/api/v1/namespaces/default/events', {
      ...{ kind: 'Event', reason: 'Ready', metadata: { name: `acme.${uuid}` }, involvedObject: { kind: 'Tenant' } },
    }),
    'kubernetes POST /namespaces/default/events Tenant Ready',
  ],
  [keycloak('POST', '/admin/realms', { realm: `acme-${id}` }), 'keycloak POST / {realm}'],
  [keycloak('DELETE', `/admin/realms/acme-${id}/clients/${uuid}`), 'keycloak DELETE /{realm}/clients/{uuid}'],
  [
    keycloak('POST', `/admin/realms/acme-${id}/components`, { name: 'bulkhead 1700000000 - - -', providerId: 'rsa' }),
    'keycloak POST /{realm}/components bulkhead {n} - - - rsa',
  ],
])('a write is called the same for every tenant, every time', (call, name) => {
  expect(effectOf(call, names)).toBe(name)
  expect(readOf(call, names)).toBeUndefined()
})

test('what looks, and what logs in, is no side effect', () => {
  expect(effectOf(kubernetes('GET', '/api/v1/namespaces/tenant-acme'), names)).toBeUndefined()
  const login = keycloak('POST', `/realms/acme-${id}/protocol/openid-connect/token`)
  expect([effectOf(login, names), readOf(login, names)]).toEqual([undefined, undefined])
  expect(loginOf(login, names)).toBe('keycloak login /{realm}/protocol/openid-connect/token')
  expect(readOf(kubernetes('GET', '/api/v1/namespaces/tenant-acme'), names)).toBe(
    'kubernetes GET /namespaces/tenant-{tenant}',
  )
})

test('a tenant whose name stands in that of another is not taken for it', () => {
  const call = kubernetes('DELETE', '/api/v1/namespaces/tenant-acme2')
  expect(effectOf(call, names)).toBe('kubernetes DELETE /namespaces/tenant-acme2')
})
