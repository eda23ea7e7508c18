import { Secret } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import { createKeycloak } from './client.ts'
import { KeycloakFault } from './fault.ts'
import type { Http } from './http.ts'

const signal = new AbortController().signal
const token = { status: 200, body: { access_token: 't', expires_in: 60 }, createdId: undefined }

function keycloakThat(answer: (isToken: boolean) => string | undefined) {
  const http: Http = ({ doing, path }) => {
    const isToken = path.at(-1) === 'token'
    const words = answer(isToken)
    return words === undefined ? Promise.resolve(token) : Promise.reject(new KeycloakFault(doing, 404, words))
  }
  return createKeycloak({ http, clock: new TestClock(), bootstrap: { clientId: 'c', clientSecret: new Secret('s') } })
}

test('a realm is gone when Keycloak says so in its own words', async () => {
  const keycloak = keycloakThat((isToken) => (isToken ? undefined : 'Realm not found.'))
  expect(await keycloak.findRealm('acme', signal)).toBeUndefined()
  await keycloak.deleteRealm('acme', signal)
})

test.each([
  ['a proxy', () => ''],
  ['a wrong address', (isToken: boolean) => (isToken ? undefined : 'Unable to find matching target resource method')],
  ['the token endpoint', () => 'Realm does not exist'],
])('a 404 of %s proves nothing', async (_title, answer) => {
  await expect(keycloakThat(answer).findRealm('acme', signal)).rejects.toThrow('404')
  await expect(keycloakThat(answer).deleteRealm('acme', signal)).rejects.toThrow('404')
})
