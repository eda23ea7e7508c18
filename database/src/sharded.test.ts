import { Secret } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { ShardNotConfigured, createShardedDatabase } from './sharded.ts'
import type { DatabaseTenant, SeenDatabase, TenantDatabase } from './tenant-database.ts'

const signal = new AbortController().signal
const absent: SeenDatabase = { role: { kind: 'absent' }, schema: { kind: 'absent' }, retained: { kind: 'absent' } }
const tenantOf = (id: string, shard?: string): DatabaseTenant => ({
  ...{ uid: `uid-${id}`, schema: `tenant_${id}`, role: `tenant_${id}`, retainedSchema: `retained_${id}`, shard },
})
const settings = { canLogin: true, connectionLimit: 1, password: new Secret('p') }

function fixture(
  holds: Readonly<Record<string, readonly string[]>>,
  places: Readonly<Record<string, string>>,
  names: readonly string[] = ['one', 'two'],
) {
  const calls: string[] = []
  const server = (name: string): TenantDatabase => {
    const note = (what: string, { schema }: DatabaseTenant): Promise<void> => {
      calls.push(`${name} ${what} ${schema}`)
      return Promise.resolve()
    }
    return {
      observe: async (tenant) => {
        await note('observe', tenant)
        const isHere = holds[name]?.includes(tenant.schema) === true
        return isHere ? { ...absent, retained: { kind: 'own', version: 1 } } : absent
      },
      prepare: (tenant) => note('prepare', tenant),
      migrate: (tenant) => note('migrate', tenant),
      setPassword: (tenant) => note('password', tenant),
      refusesPassword: async (tenant) => {
        await note('ask', tenant)
        return false
      },
      figures: () => Promise.resolve([]),
      setLogin: (tenant) => note('login', tenant),
      drop: (tenant) => note('drop', tenant),
      retain: (tenant) => note('retain', tenant),
      adopt: (from, to) => note(`adopt ${from.schema} as`, to),
    }
  }
  const shards = new Map(names.map((name) => [name, server(name)]))
  const placementOf = ({ schema }: DatabaseTenant) => Promise.resolve(places[schema])
  return { calls, sharded: createShardedDatabase({ shards, placementOf }) }
}

test('a call goes where the schema was placed, and nowhere else', async () => {
  const { calls, sharded } = fixture({}, { tenant_a: 'two' })
  await sharded.setLogin(tenantOf('a'), false, signal)
  await sharded.prepare(tenantOf('b', 'one'), settings, signal)
  await sharded.retain(tenantOf('a'), signal)
  expect(calls).toEqual(['two login tenant_a', 'one prepare tenant_b', 'two retain tenant_a'])
})

test('what nobody wrote down is looked for by its name; what is nowhere is absent, and made nowhere', async () => {
  const { calls, sharded } = fixture({ two: ['tenant_a'] }, {})
  await sharded.drop(tenantOf('a'), signal)
  expect(calls).toEqual(['one observe tenant_a', 'two observe tenant_a', 'two drop tenant_a'])
  expect(await sharded.observe(tenantOf('b'), signal)).toEqual(absent)
  await expect(sharded.prepare(tenantOf('b'), settings, signal)).rejects.toThrow('it is on no Postgres')
})

test.each([[['one', 'two']], [['one']]])(
  'with %s left, a schema on a server that was taken out of the configuration is not taken for gone',
  async (names) => {
    const { sharded, calls } = fixture({}, { tenant_a: 'three' }, names)
    const words = 'Cannot reach schema "tenant_a": it is on Postgres "three", which the configuration does not name'
    await expect(sharded.observe(tenantOf('a'), signal)).rejects.toThrow(words)
    await expect(sharded.drop(tenantOf('a'), signal)).rejects.toThrow(ShardNotConfigured)
    await expect(sharded.observe(tenantOf('b', 'three'), signal)).rejects.toThrow(ShardNotConfigured)
    expect(calls).toEqual([])
  },
)

test('what is taken up stays where it is', async () => {
  const { calls, sharded } = fixture({}, { tenant_a: 'two' })
  await sharded.adopt(tenantOf('a'), tenantOf('b'), signal)
  await sharded.adopt(tenantOf('c', 'one'), tenantOf('d'), signal)
  expect(calls).toEqual(['two adopt tenant_a as tenant_b', 'one adopt tenant_c as tenant_d'])
})
