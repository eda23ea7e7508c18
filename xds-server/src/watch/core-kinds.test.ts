import { expect, test } from 'vitest'
import { parsePod, parseService, parseSlice } from './core-kinds.ts'

const metadata = { namespace: 'tenant-acme', name: 'shop', uid: 'u' }

test('S-115 S-116 a Service says whether it leads out of the namespace or selects nothing', () => {
  expect(parseService({ metadata, spec: { type: 'ExternalName', externalName: 'x' } })).toEqual({
    ok: true,
    value: { namespace: 'tenant-acme', name: 'shop', type: 'ExternalName', hasSelector: false, ports: [] },
  })
  const spec = { selector: { app: 'shop' }, ports: [{ port: 80 }] }
  expect(parseService({ metadata, spec })).toMatchObject({
    value: { type: 'ClusterIP', hasSelector: true, ports: [{ name: '', port: 80, protocol: 'TCP' }] },
  })
  expect(parseService({ metadata, spec: { selector: {} } })).toMatchObject({ value: { hasSelector: false } })
})

test('a slice without anything in it is a slice; one without readiness is ready, as the API says', () => {
  expect(parseSlice({ metadata, addressType: 'IPv4', endpoints: null, ports: null })).toMatchObject({
    value: { serviceName: '', endpoints: [], ports: [] },
  })
  const labels = { 'kubernetes.io/service-name': 'shop' }
  const endpoints = [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'], conditions: { ready: false } }]
  expect(parseSlice({ metadata: { ...metadata, labels }, addressType: 'IPv4', endpoints })).toMatchObject({
    value: { serviceName: 'shop', endpoints: [{ isReady: true, target: undefined }, { isReady: false }] },
  })
})

test('of a Pod nothing is kept but who it is and its own address', () => {
  const raw = { metadata: { ...metadata, labels: { a: 'b' } }, spec: { containers: [] }, status: { podIP: '10.0.0.1' } }
  expect(parsePod(raw)).toEqual({ ok: true, value: { ...metadata, podIp: '10.0.0.1' } })
  expect(parsePod({ metadata })).toMatchObject({ value: { podIp: '' } })
})

test.each([
  ['Running', '10.0.0.1'],
  ['Succeeded', ''],
  ['Failed', ''],
])("a Pod in phase %s has the address %j: what has ended may leave it to another tenant's", (phase, podIp) => {
  expect(parsePod({ metadata, status: { podIP: '10.0.0.1', phase } })).toMatchObject({ value: { podIp } })
})
