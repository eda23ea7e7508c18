import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Secret } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { createLoginCheck } from './login-check.ts'

test('F-39 a login to a server that says nothing ends as soon as it is told to', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const check = createLoginCheck({ host: '127.0.0.1', port, database: 'any', ssl: false }, { now: () => 0 })
  const stopped = new AbortController()
  server.once('connection', () => stopped.abort(new Error('stopped')))
  const login = { user: 'tenant', password: new Secret('password') }
  await expect(check(login, stopped.signal)).rejects.toThrow('stopped')
  server.close()
})
