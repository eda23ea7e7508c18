import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBackend, type Backend } from './backend.ts'

let backend: Backend
beforeAll(async () => {
  backend = await startBackend({ name: 'acme' })
})
afterAll(() => backend.stop())

const call = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${backend.port}${path}`, init)

test('an order that was created can be read', async () => {
  const created = await call('/orders', { method: 'POST', body: JSON.stringify({ item: 'nut', quantity: 3 }) })
  expect(created.status).toBe(201)
  expect(await (await call('/orders/2')).json()).toEqual({ id: '2', item: 'nut', quantity: 3 })
})

test('what is no order is refused with the field that is wrong', async () => {
  const refused = await call('/orders', { method: 'POST', body: JSON.stringify({ item: 'nut', quantity: 0 }) })
  expect(refused.status).toBe(400)
  expect(await refused.text()).toContain('quantity')
})

test('the backend describes each of its paths', async () => {
  const description = await (await call('/openapi.json')).json()
  expect(description).toMatchObject({ openapi: '3.1.0' })
  expect(Object.keys((description as { paths: object }).paths)).toEqual(['/orders', '/orders/{id}'])
})

test('every request is remembered with all its headers', async () => {
  backend.forget()
  await call('/anything?x=1', { headers: { 'x-test': 'a' } })
  expect(backend.seen()).toMatchObject([{ method: 'GET', path: '/anything?x=1', headers: { 'x-test': ['a'] } }])
})

test('every answer names its backend', async () => {
  expect((await call('/orders')).headers.get('x-canary')).toBe(backend.canary)
})
