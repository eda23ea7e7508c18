import { serviceAccount } from '../tokens/access.ts'
import { readBody, refusal } from '../answer.ts'
import { defined, makeClient, makeMapper, settleServiceAccount } from '../model/make.ts'
import { clientFields } from '../model/representations.ts'
import { showClient, showRole, showUser } from '../model/show.ts'
import { accountOf, clientNamed } from '../model/state.ts'
import type { Client } from '../model/state.ts'
import { clientOf, created, done, found, routesFor, shown } from './route.ts'
import type { AdminCall, Route } from './route.ts'

const routes = routesFor(['view-clients', 'manage-clients'], ['manage-clients'])

/** The clients of a realm, the scopes of each, and its service account. */
export const clientRoutes: readonly Route[] = [
  ...routes('clients', {
    GET: (call) => shown(chosen(call).map(showClient)),
    POST: (call) => {
      const { state, realm, body } = call
      const client = makeClient(state, realm, readBody(clientFields, 'ClientRepresentation', body))
      settleServiceAccount(state, realm, client)
      return created(call, 'clients', client.id)
    },
  }),
  ...routes('clients/{id}', {
    GET: (call) => shown(showClient(clientOf(call))),
    PUT: (call) => {
      updateClient(call, clientOf(call))
      return done
    },
    DELETE: (call) => {
      const { realm } = call
      const { id } = clientOf(call)
      const account = accountOf(realm, id)
      if (account !== undefined) realm.users.delete(account.id)
      for (const role of [...realm.roles.values()]) if (role.clientId === id) realm.roles.delete(role.id)
      realm.clients.delete(id)
      return done
    },
  }),
  ...routes('clients/{id}/client-secret', { GET: (call) => shown({ type: 'secret', value: clientOf(call).secret }) }),
  ...routes('clients/{id}/service-account-user', {
    GET: (call) => shown(showUser(serviceAccount(call.realm, clientOf(call)))),
  }),
  ...routes('clients/{id}/roles', {
    GET: (call) => {
      const { id } = clientOf(call)
      const roles = [...call.realm.roles.values()].filter((role) => role.clientId === id)
      return shown(roles.map((role) => showRole(call.realm, role)))
    },
  }),
  ...scopeRoutes('default-client-scopes', 'defaultClientScopes'),
  ...scopeRoutes('optional-client-scopes', 'optionalClientScopes'),
]

function chosen({ realm, query }: AdminCall): readonly Client[] {
  const wanted = query.get('clientId')
  const all = [...realm.clients.values()].toSorted((a, b) => (a.clientId < b.clientId ? -1 : 1))
  const isSearch = query.get('search') === 'true'
  const matches = all.filter(({ clientId }) => {
    if (wanted === null) return true
    return isSearch ? clientId.toLowerCase().includes(wanted.toLowerCase()) : clientId === wanted
  })
  const first = Number(query.get('first') ?? 0)
  return matches.slice(first, query.has('max') ? first + Number(query.get('max')) : undefined)
}

function updateClient({ state, realm, body }: AdminCall, client: Client): void {
  const fields = readBody(clientFields, 'ClientRepresentation', body)
  // The scopes of a client are changed one by one, at their own address.
  const { defaultClientScopes: _default, optionalClientScopes: _optional, attributes, ...rest } = defined(fields)
  const { clientId = client.clientId, protocolMappers } = fields
  if (clientId !== client.clientId && clientNamed(realm, clientId) !== undefined)
    throw refusal(409, 'conflict', 'Duplicate resource error')
  const changed: Client = {
    ...client,
    ...rest,
    ...{ id: client.id, clientId, attributes: { ...client.attributes, ...attributes } },
    protocolMappers:
      protocolMappers === undefined
        ? client.protocolMappers
        : protocolMappers.map((mapper) => makeMapper(state, mapper)),
  }
  realm.clients.set(client.id, changed)
  settleServiceAccount(state, realm, changed)
}

function scopeRoutes(path: string, list: 'defaultClientScopes' | 'optionalClientScopes'): readonly Route[] {
  const otherList = list === 'defaultClientScopes' ? 'optionalClientScopes' : 'defaultClientScopes'
  const change = (call: AdminCall, isWanted: boolean): void => {
    const { realm, params } = call
    const client = clientOf(call)
    const { name } = found(realm.scopes.get(params['scopeId'] ?? ''), 'Client scope not found')
    if (isWanted && client[otherList].includes(name)) return
    const others = client[list].filter((one) => one !== name)
    realm.clients.set(client.id, { ...client, [list]: isWanted ? [...others, name] : others })
  }
  return [
    ...routes(`clients/{id}/${path}`, {
      GET: (call) => {
        const names = clientOf(call)[list]
        const scopes = [...call.realm.scopes.values()].filter((scope) => names.includes(scope.name))
        return shown(scopes.map(({ id, name }) => ({ id, name })))
      },
    }),
    ...routes(`clients/{id}/${path}/{scopeId}`, {
      PUT: (call) => {
        change(call, true)
        return done
      },
      DELETE: (call) => {
        change(call, false)
        return done
      },
    }),
  ]
}
