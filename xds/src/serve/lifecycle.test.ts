import { writeFileSync } from 'node:fs'
import { status } from '@grpc/grpc-js'
import { beforeEach, describe, expect, test } from 'vitest'
import { clusterOf } from '../fleet/testing/sample.ts'
import { FIRST, useWorld } from './testing/test-server.ts'

const world = useWorld()

describe('beginning and end', () => {
  beforeEach(() => world.fleet.store.open())

  test('the health check answers a client with a certificate', async () => {
    await world.start()
    const { bytes } = await (await world.connect()).unary('/grpc.health.v1.Health/Check')
    expect([...(bytes ?? [])]).toEqual([8, 1])
  })

  test('whoever watches the health is told when the server goes away', async () => {
    await world.start({ sleep: () => new Promise((resolve) => setImmediate(resolve)) })
    const health = (await world.connect()).watchHealth()
    expect(await health.next()).toBe('SERVING')
    const closed = world.server.close(0)
    expect(await health.next()).toBe('NOT_SERVING')
    await closed
    await world.start()
  })

  test('rule 82, rule 90: a shutdown ends every stream with UNAVAILABLE, spread over the jitter', async () => {
    const draws = [0.25, 0.75]
    const sleeps = new Map<number, () => void>()
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => sleeps.set(ms, resolve))
    await world.start({ random: () => draws.shift() ?? 0, sleep })
    const client = await world.connect()
    const streams = [client.stream(), client.stream()]
    for (const stream of streams) {
      stream.send(FIRST)
      await stream.next()
    }
    const closed = world.server.close(200)
    expect([...sleeps.keys()]).toEqual([50, 150])
    sleeps.get(50)?.()
    expect((await streams[0]!.ended).code).toBe(status.UNAVAILABLE)
    expect(world.server.streamCount).toBe(1)
    sleeps.get(150)?.()
    expect((await streams[1]!.ended).code).toBe(status.UNAVAILABLE)
    await closed
    await world.start()
  })

  test('rule 91: a stream ends when its certificate expires', async () => {
    let offsetMs = 0
    await world.start({ nowMs: () => Date.now() + offsetMs })
    const stream = (await world.connect()).stream()
    stream.send(FIRST)
    await stream.next()
    offsetMs = 2 * 86_400_000
    expect((await stream.ended).code).toBe(status.UNAUTHENTICATED)
  })

  test('rule 91, F-13: new certificate files are served, a bad pair leaves the last good one', async () => {
    await world.start()
    const files = world.authority.write('server', world.own)
    expect(world.server.reloadCertificates()).toBe(false)
    const before = (await world.connect()).stream()
    before.send(FIRST)
    await before.next()
    const next = await world.authority.issue({ dns: ['localhost'] })
    writeFileSync(files.certFile, next.cert)
    expect(world.server.reloadCertificates()).toBe(false)
    expect(world.faults).toMatchObject([{ message: expect.stringContaining('is not its own') as string }])
    const during = (await world.connect()).stream()
    during.send(FIRST)
    await during.next()
    world.authority.write('server', next)
    expect(world.server.reloadCertificates()).toBe(true)
    const after = (await world.connect()).stream()
    after.send(FIRST)
    await after.next()
    world.fleet.store.publish('a', [clusterOf('a/c')])
    expect((await before.next()).resources).toHaveLength(1)
  })
})
