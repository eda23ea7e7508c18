import { expect, test } from 'vitest'
import type { Needing } from './order.ts'
import { startOrder, withNeeds } from './order.ts'

const parts: readonly Needing[] = [
  { name: 'envoy-0', needs: ['xds-server'] },
  { name: 'xds-server', needs: ['kube-apiserver'] },
  { name: 'kube-apiserver', needs: ['etcd'] },
  { name: 'etcd', needs: [] },
  { name: 'postgres', needs: [] },
]

test('a part stands after everything it needs, however the parts are listed', () => {
  expect(startOrder(parts).map((part) => part.name)).toEqual([
    'etcd',
    'postgres',
    'kube-apiserver',
    'xds-server',
    'envoy-0',
  ])
})

test('a need that is not part of this platform holds nothing up', () => {
  expect(startOrder([{ name: 'keycloak', needs: ['postgres'] }]).map((part) => part.name)).toEqual(['keycloak'])
})

test('parts that need each other are refused by name', () => {
  const circle: readonly Needing[] = [
    { name: 'etcd', needs: ['redis'] },
    { name: 'redis', needs: ['etcd'] },
  ]
  expect(() => startOrder(circle)).toThrow('etcd, redis need each other')
})

test('choosing one part brings what it needs and nothing else', () => {
  expect(withNeeds(parts, ['xds-server']).map((part) => part.name)).toEqual(['xds-server', 'kube-apiserver', 'etcd'])
})
