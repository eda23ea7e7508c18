import { Secret } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import { createKeycloak } from './client.ts'
import { KeycloakFault, KeycloakUnreachable } from './fault.ts'
import type { Http } from './http.ts'
import { createRealmAdmin } from './realm-admin.ts'
import { clientRepresentation } from './schema.ts'

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

/** A Keycloak that answers each call inside the realms by a script, and every login. */
function scripted(answers: readonly (object | KeycloakFault | KeycloakUnreachable)[]) {
  const left = [...answers]
  const methods: string[] = []
  const http: Http = ({ path, method }) => {
    if (path.at(-1) === 'token') return Promise.resolve(token)
    methods.push(method)
    const answer = left.shift()
    if (answer instanceof Error) return Promise.reject(answer)
    return Promise.resolve({ status: 200, body: answer, createdId: undefined })
  }
  const bootstrap = { clientId: 'c', clientSecret: new Secret('s') }
  return { methods, keycloak: createKeycloak({ http, clock: new TestClock(), bootstrap }) }
}

const gone = new KeycloakFault('read realm', 404, 'Realm not found.')
const conflict = new KeycloakFault('create realm "acme"', 409, 'Duplicate resource error')

test('a conflict is a name that is taken only where a look shows the realm', async () => {
  const { keycloak, methods } = scripted([gone, conflict, { realm: 'acme' }])
  expect(await keycloak.createRealm('acme', {}, signal)).toBe('taken')
  expect(methods).toEqual(['GET', 'POST', 'GET'])
  const other = scripted([gone, conflict, gone])
  await expect(other.keycloak.createRealm('acme', {}, signal)).rejects.toThrow('409 Duplicate resource error')
})

test('F-34 after a create whose answer was lost, a look comes before the next one', async () => {
  const lost = new KeycloakUnreachable('create realm "acme"', new Error('reset'))
  const { keycloak, methods } = scripted([gone, lost, { realm: 'acme' }])
  await expect(keycloak.createRealm('acme', {}, signal)).rejects.toThrow('gave no usable answer')
  expect(await keycloak.createRealm('acme', {}, signal)).toBe('taken')
  expect(methods).toEqual(['GET', 'POST', 'GET'])
})

test("a client's scopes change only when all that are wanted are known, and none goes before another comes", async () => {
  const sent: string[] = []
  const scopes = ['a', 'b', 'c', 'd'].map((name) => ({ id: name, name }))
  const admin = createRealmAdmin(({ method, path }) => {
    if (method !== 'GET') sent.push(`${method} ${path.slice(2).join('/')}`)
    return Promise.resolve({ status: 200, body: scopes, createdId: undefined })
  })
  const lists = { defaultClientScopes: ['a'], optionalClientScopes: ['b', 'd'] }
  const client = clientRepresentation.parse({ id: 'x', clientId: 'x', enabled: true, ...lists })
  await expect(admin.setClientScopes(client, ['c', 'nobody'])).rejects.toThrow('"nobody"')
  expect(sent).toEqual([])
  await admin.setClientScopes(client, ['b', 'c'])
  const [given, optional] = ['default-client-scopes', 'optional-client-scopes']
  const added = [`DELETE ${optional}/b`, `PUT ${given}/b`, `PUT ${given}/c`]
  expect(sent).toEqual([...added, `DELETE ${optional}/d`, `DELETE ${given}/a`])
})
