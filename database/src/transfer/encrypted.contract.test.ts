import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEmbedded } from '../testing/embedded.ts'
import { carryOut, loadOf, startTransferWorld } from '../testing/transfers.ts'
import type { TransferWorld } from '../testing/transfers.ts'
import { importSchema } from './import.ts'

let world: TransferWorld
const signal = AbortSignal.timeout(600_000)

beforeAll(async () => {
  const authority = await createTestAuthority('ours')
  const tls = await authority.issue({ commonName: 'postgres', names: [{ type: 'dns', value: 'localhost' }] })
  const connection = { host: 'localhost', trustedCertificates: authority.caCert }
  world = await startTransferWorld(await startEmbedded({ tls }), connection)
})

afterAll(() => world.stop())

test('rows are carried over an encrypted connection, and a broken-off one ends in the server too', async () => {
  const [from, to] = [await world.tenant('from'), await world.tenant('to')]
  await world.query(
    `INSERT INTO "${from.schema}".audit (actor, action) SELECT 'a', repeat('x', 1000) FROM generate_series(1, 5000)`,
  )
  const sessions = () =>
    world.query(`SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'bulkhead-cli'`)
  const before = async (): Promise<void> => {
    expect(await sessions()).toEqual([{ ssl: true }])
  }
  const carried = await carryOut(world.options, from, { before })
  await importSchema(world.options, loadOf(carried, to), signal)
  expect((await carryOut(world.options, to, {})).rows.get('audit')?.equals(carried.rows.get('audit')!)).toBe(true)

  const controller = new AbortController()
  const stop = (): Promise<void> => {
    controller.abort(new Error('told to stop'))
    return Promise.resolve()
  }
  const broken = carryOut(world.options, from, { before: stop, signal: controller.signal })
  await expect(broken).rejects.toThrow('told to stop')
  await expect.poll(sessions, { timeout: 10_000, interval: 20 }).toEqual([])
})
