import { expect, test } from 'vitest'
import { readSubscription, readTenant } from './facts.ts'
import { now } from './testing/samples.ts'

const metadata = { name: 'acme', uid: 'u1', resourceVersion: '1', creationTimestamp: now, finalizers: ['f'] }
const status = { namespace: 'tenant-acme', conditions: [{ type: 'Granted', status: 'True' }] }

test('a Tenant whose spec cannot be used keeps its name, its status and its policy', () => {
  const read = readTenant({ metadata, status, spec: { displayName: 5, deletionPolicy: 'Delete' } })
  expect(read).toMatchObject({ kind: 'facts', problem: expect.stringContaining('spec.displayName') as string })
  expect(read.object).toMatchObject({ metadata, status, spec: { deletionPolicy: 'Delete', suspended: false } })
})

test('a policy that cannot be read destroys nothing', () => {
  expect(readTenant({ metadata, spec: 5 }).object.spec).toEqual({
    deletionPolicy: 'Retain',
    identity: { type: 'Realm' },
    database: { channel: 'Stable' },
    suspended: false,
  })
})

test('a Subscription whose spec cannot be used keeps its name and its status', () => {
  expect(
    readSubscription({ metadata, spec: { planRef: { name: 'gold' } }, status: { clientID: 'sub-x' } }),
  ).toMatchObject({
    kind: 'facts',
    object: { metadata: { uid: 'u1' }, spec: { planRef: { name: 'gold' } }, status: { clientID: 'sub-x' } },
  })
})
