import { expect, test } from 'vitest'
import { socketFolder } from './site.ts'

test('sockets lie in the instance where their names fit', () => {
  expect(socketFolder('/src/bulkhead/.run/default')).toBe('/src/bulkhead/.run/default/sock')
})

test('a deep checkout has its sockets in a short folder of its own', () => {
  const deep = (name: string): string => socketFolder(`/home/${'deep/'.repeat(20)}${name}`)
  expect(Buffer.byteLength(`${deep('a')}/envoy-0-admin.sock`)).toBeLessThanOrEqual(107)
  expect(deep('a')).not.toBe(deep('b'))
  expect(deep('a')).toBe(deep('a'))
})
