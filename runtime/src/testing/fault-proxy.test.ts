import { createServer, connect } from 'node:net'
import type { Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startFaultProxy } from './fault-proxy.ts'
import type { FaultProxy } from './fault-proxy.ts'

let server: Server
let proxy: FaultProxy
let served: Socket[]
let dialled: Socket[]

// An echo.
beforeEach(async () => {
  served = []
  dialled = []
  server = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  proxy = await startFaultProxy(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
})

afterEach(async () => {
  for (const socket of [...served, ...dialled]) socket.destroy()
  await proxy.stop()
  await new Promise((resolve) => server.close(resolve))
})

interface Caller {
  readonly socket: Socket
  text: string
  ended: 'no' | 'fin' | 'reset'
}

function dial(): Caller {
  const socket = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true })
  const caller: Caller = { socket, text: '', ended: 'no' }
  dialled.push(socket)
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => (caller.text += text))
  socket.on('end', () => (caller.ended = 'fin'))
  socket.on('error', () => (caller.ended = 'reset'))
  return caller
}

const patient = { timeout: 5_000, interval: 5 }
const silenceMs = 60

async function echoed(caller: Caller, text: string): Promise<void> {
  caller.text = ''
  caller.socket.write(text)
  await expect.poll(() => caller.text, patient).toBe(text)
}

test('without a fault every byte passes both ways, and so does the end', async () => {
  const caller = dial()
  await echoed(caller, 'hello')
  caller.text = ''
  const long = 'x'.repeat(3_000_000)
  caller.socket.write(long)
  await expect.poll(() => caller.text.length, patient).toBe(long.length)
  caller.socket.end()
  await expect.poll(() => caller.ended, patient).toBe('fin')
  expect(proxy.accepted).toBe(1)
})

test.each([
  ['cut', 'fin'],
  ['reset', 'reset'],
] as const)('%s ends what is open and what comes, until it passes again', async (kind, how) => {
  const caller = dial()
  await echoed(caller, 'hello')
  proxy.set({ kind })
  await expect.poll(() => caller.ended, patient).toBe(how)
  const next = dial()
  await expect.poll(() => next.ended, patient).toBe(how)
  proxy.set({ kind: 'pass' })
  await echoed(dial(), 'again')
  expect(served).toHaveLength(2)
})

test('stall accepts and holds back; what was held back comes afterwards', async () => {
  const caller = dial()
  await echoed(caller, 'hello')
  caller.text = ''
  proxy.set({ kind: 'stall' })
  const late = dial()
  for (const one of [caller, late]) one.socket.write('held')
  await sleep(silenceMs)
  expect([caller.text, late.text, caller.ended, late.ended]).toEqual(['', '', 'no', 'no'])
  proxy.set({ kind: 'pass' })
  for (const one of [caller, late]) await expect.poll(() => one.text, patient).toBe('held')
})

test('half-open kills the open connections without a word and for good, and no new one', async () => {
  const caller = dial()
  await echoed(caller, 'hello')
  caller.text = ''
  proxy.set({ kind: 'half-open' })
  caller.socket.write('lost')
  served[0]?.end('lost too')
  await echoed(dial(), 'fine')
  proxy.set({ kind: 'pass' })
  caller.socket.write('lost')
  await sleep(silenceMs)
  expect([caller.text, caller.ended]).toEqual(['', 'no'])
})

test('one way: what the client says arrives, what the server says does not', async () => {
  const caller = dial()
  await echoed(caller, 'hello')
  caller.text = ''
  let heard = ''
  served[0]?.on('data', (chunk: Buffer) => (heard += chunk.toString()))
  proxy.set({ kind: 'stall' }, 'toClient')
  caller.socket.write('anybody?')
  await expect.poll(() => heard, patient).toBe('anybody?')
  await sleep(silenceMs)
  expect(caller.text).toBe('')
})

test('slow gives so many bytes a second and loses none', async () => {
  proxy.set({ kind: 'slow', bytesPerSecond: 1_000 }, 'toClient')
  const caller = dial()
  const startedMs = performance.now()
  await echoed(caller, 'x'.repeat(300))
  expect(performance.now() - startedMs).toBeGreaterThan(250)
})

test('garbage comes before what is said', async () => {
  const caller = dial()
  await echoed(caller, 'hello')
  caller.text = ''
  proxy.set({ kind: 'garbage', bytes: '\0\xff' }, 'toClient')
  caller.socket.write('a')
  await expect.poll(() => caller.text, patient).toBe('\0\xffa')
})

test('truncate gives so many bytes more and a FIN', async () => {
  const caller = dial()
  await echoed(caller, 'hello')
  caller.text = ''
  proxy.set({ kind: 'truncate', afterBytes: 3 }, 'toClient')
  caller.socket.write('abcdef')
  await expect.poll(() => caller.ended, patient).toBe('fin')
  expect(caller.text).toBe('abc')
})
