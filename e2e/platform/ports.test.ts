import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { isFreePort, planPorts, portNames, PortReservation } from './ports.ts'

/** The same numbers in every run. */
function chanceFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

test('every port is given once, below the range of outgoing connections', async () => {
  const ports = await planPorts(chanceFrom(1), () => Promise.resolve(true))
  const numbers = portNames.map((name) => ports[name])
  expect(new Set(numbers).size).toBe(portNames.length)
  expect(numbers.every((port) => port > 10_000 && port < 32_768)).toBe(true)
})

test('the edge keeps its usual port when that is free', async () => {
  expect((await planPorts(chanceFrom(1), () => Promise.resolve(true))).edge).toBe(10_443)
})

test('the edge moves to the next port beside another platform', async () => {
  expect((await planPorts(chanceFrom(1), (port) => Promise.resolve(port !== 10_443))).edge).toBe(10_444)
})

test('a stopped platform comes back on its own ports, apart from one that was taken meanwhile', async () => {
  const earlier = await planPorts(chanceFrom(1), () => Promise.resolve(true))
  const again = await planPorts(chanceFrom(2), (port) => Promise.resolve(port !== earlier.keycloak), earlier)
  expect(again).toEqual({ ...earlier, keycloak: again.keycloak })
  expect(again.keycloak).not.toBe(earlier.keycloak)
})

test('a machine without a free port is told which part lacks one', async () => {
  await expect(planPorts(chanceFrom(1), () => Promise.resolve(false))).rejects.toThrow('free port for postgres')
})

test('one number drawn twice is given to one part only', async () => {
  let draws = 0
  const stuck = (): number => (draws++ < 60 ? 0.5 : draws / 10_000)
  const ports = await planPorts(stuck, () => Promise.resolve(true))
  expect(ports.postgres).not.toBe(ports.etcdClient)
})

test('a port that something listens on is not free', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  expect(await isFreePort(port)).toBe(false)
  await new Promise((resolve) => server.close(resolve))
  expect(await isFreePort(port)).toBe(true)
})

test('two platforms that start at once get different ports, though nothing listens yet', async () => {
  const [first, second] = [new PortReservation(), new PortReservation()]
  const plan = (one: PortReservation) => planPorts(chanceFrom(3), (port) => one.take(port))
  const [mine, theirs] = await Promise.all([plan(first), plan(second)])
  const shared = Object.values(mine).filter((port) => Object.values(theirs).includes(port))
  expect(shared).toEqual([])
  await Promise.all([first.release(), second.release()])
})
