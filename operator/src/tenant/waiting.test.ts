import { expect, test } from 'vitest'
import { sampleTenant } from '../testing/samples.ts'
import { isWaitingForOthers, setsFree } from './waiting.ts'

const told = (type: string, status: string, reason: string, metadata: object = {}) =>
  sampleTenant({ metadata, status: { conditions: [{ type, status, reason }] } })

test.each([
  ['whose host another has', told('Granted', 'False', 'HostnameNotGranted'), true],
  ['whose share does not fit', told('Granted', 'False', 'CapacityExceeded'), true],
  ['whose issuer another has', told('IdentityReady', 'False', 'IssuerNotGranted'), true],
  ['whose Keycloak is full', told('IdentityReady', 'False', 'ShardFull'), true],
  ['with a wrong host beside one that another has', told('Granted', 'False', 'DuplicateName'), true],
  ['that has all it asks for', told('Granted', 'True', 'Granted'), false],
  ['that is just being granted', told('Granted', 'False', 'Progressing'), false],
  ['that never was looked at', sampleTenant(), false],
  [
    'that is being deleted',
    told('Granted', 'False', 'HostnameNotGranted', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    false,
  ],
])('a Tenant %s: does it wait for others? %#', (_title, tenant, isWaiting) => {
  expect(isWaitingForOthers(tenant)).toBe(isWaiting)
})

const holding = (hostnames: readonly string[], guaranteed = 10, issuer = 'https://a') =>
  sampleTenant({ status: { granted: { hostnames, guaranteed }, identity: { issuer } } })
const modified = (old: ReturnType<typeof holding>, object: ReturnType<typeof holding>) =>
  setsFree({ type: 'modified', key: 'acme', old, object })

test.each([
  ['a host fewer', holding(['a', 'b']), holding(['a']), true],
  ['another host', holding(['a']), holding(['b']), true],
  ['a smaller share', holding(['a'], 10), holding(['a'], 9), true],
  ['another issuer', holding(['a']), holding(['a'], 10, 'https://b'), true],
  ['a host more', holding(['a']), holding(['a', 'b']), false],
  ['a larger share', holding(['a'], 10), holding(['a'], 11), false],
  ['nothing new', holding(['a']), holding(['a']), false],
])('%s in the status: is something free for others? %#', (_title, old, object, isFree) => {
  expect(modified(old, object)).toBe(isFree)
})

test('a Tenant that is gone sets free what it had, and a new one nothing', () => {
  expect(setsFree({ type: 'deleted', key: 'acme', object: holding(['a']) })).toBe(true)
  expect(setsFree({ type: 'added', key: 'acme', object: holding(['a']) })).toBe(false)
})
