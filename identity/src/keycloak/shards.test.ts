import { Secret } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import type { Keycloak } from './keycloak.ts'
import { realmRepresentation } from './schema.ts'
import { KeycloakNotConfigured, createSharded } from './shards.ts'

const signal = new AbortController().signal
const secret = new Secret('s')

interface Fixture {
  readonly calls: string[]
  readonly sharded: Keycloak
}

function fixture(
  realms: Readonly<Record<string, readonly string[]>>,
  places: Readonly<Record<string, string>>,
  names: readonly string[] = ['one', 'two'],
): Fixture {
  const calls: string[] = []
  const shard = (name: string): Keycloak => {
    const note = <T>(what: string, answer: T): Promise<T> => {
      calls.push(`${name} ${what}`)
      return Promise.resolve(answer)
    }
    return {
      findRealm: (realm) => {
        const isHere = realms[name]?.includes(realm) === true
        return note(`find ${realm}`, isHere ? realmRepresentation.parse({ realm }) : undefined)
      },
      createRealm: (realm) => note(`create ${realm}`, 'created'),
      renameRealm: (from) => note(`rename ${from}`, undefined),
      setEnabled: (realm) => note(`enable ${realm}`, undefined),
      deleteRealm: (realm) => note(`delete ${realm}`, undefined),
      restoreAccount: (realm) => note(`restore ${realm}`, undefined),
      enter: (realm) => note(`enter ${realm}`, { kind: 'closed' }),
      publishedKeys: (realm) => note(`keys ${realm}`, {}),
    }
  }
  const shards = new Map(names.map((name) => [name, shard(name)]))
  return { calls, sharded: createSharded({ shards, placementOf: (realm) => Promise.resolve(places[realm]) }) }
}

test('a call goes where the realm was placed, and nowhere else', async () => {
  const { calls, sharded } = fixture({}, { acme: 'two' })
  await sharded.createRealm('acme', {}, signal)
  await sharded.enter('acme', secret, signal)
  expect(calls).toEqual(['two create acme', 'two enter acme'])
})

test('a realm that nobody wrote down is asked for by its name, once', async () => {
  const { calls, sharded } = fixture({ two: ['acme'] }, {})
  await sharded.deleteRealm('acme', signal)
  expect(calls).toEqual(['one find acme', 'two find acme', 'two delete acme'])
})

test('a realm that is nowhere is found nowhere, and made nowhere before it has a place', async () => {
  const { sharded } = fixture({}, {})
  expect(await sharded.findRealm('acme', signal)).toBeUndefined()
  expect(await sharded.enter('acme', secret, signal)).toEqual({ kind: 'closed' })
  await expect(sharded.createRealm('acme', {}, signal)).rejects.toThrow('it is on no Keycloak')
})

test.each([[['one', 'two']], [['one']]])(
  'with %s left, a realm on a Keycloak that was taken out of the configuration is not taken for gone',
  async (names) => {
    const { sharded } = fixture({}, { acme: 'three' }, names)
    await expect(sharded.findRealm('acme', signal)).rejects.toThrow(
      'it is on Keycloak "three", which the configuration',
    )
    await expect(sharded.deleteRealm('acme', signal)).rejects.toThrow(KeycloakNotConfigured)
  },
)

test('a renamed realm is found under its new name where it was', async () => {
  const { calls, sharded } = fixture({}, { acme: 'two' })
  await sharded.renameRealm('acme', 'acme-2', {}, signal)
  await sharded.setEnabled('acme-2', true, signal)
  expect(calls).toEqual(['two rename acme', 'two enable acme-2'])
})
