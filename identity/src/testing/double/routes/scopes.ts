import { complaint, readBody, refusal } from '../answer.ts'
import { makeMapper, makeScope } from '../model/make.ts'
import { mapperFields, scopeFields } from '../model/representations.ts'
import { showScope } from '../model/show.ts'
import type { Mapper, Realm, Scope } from '../model/state.ts'
import { clientOf, created, done, found, routesFor, shown } from './route.ts'
import type { AdminCall, Route } from './route.ts'

const routes = routesFor(['view-clients', 'manage-clients'], ['manage-clients'])

/** The client scopes of a realm, those that new clients get, and the mappers of scopes and clients. */
export const scopeRoutes: readonly Route[] = [
  ...routes('client-scopes', {
    GET: ({ realm }) => shown([...realm.scopes.values()].map(showScope)),
    POST: (call) => {
      const scope = makeScope(call.state, call.realm, readBody(scopeFields, 'ClientScopeRepresentation', call.body))
      return created(call, 'client-scopes', scope.id)
    },
  }),
  ...routes('client-scopes/{id}', {
    GET: (call) => shown(showScope(scopeOf(call))),
    DELETE: (call) => {
      removeScope(call.realm, scopeOf(call))
      return done
    },
  }),
  ...givenRoutes('default-default-client-scopes', ({ defaultScopes }) => defaultScopes),
  ...givenRoutes('default-optional-client-scopes', ({ optionalScopes }) => optionalScopes),
  ...mapperRoutes('client-scopes/{id}', {
    of: (call) => scopeOf(call).protocolMappers,
    set: (call, protocolMappers) => {
      const scope = scopeOf(call)
      call.realm.scopes.set(scope.id, { ...scope, protocolMappers })
    },
  }),
  ...mapperRoutes('clients/{id}', {
    of: (call) => clientOf(call).protocolMappers,
    set: (call, protocolMappers) => {
      const client = clientOf(call)
      call.realm.clients.set(client.id, { ...client, protocolMappers })
    },
  }),
]

function scopeOf({ realm, params }: AdminCall): Scope {
  return found(realm.scopes.get(params['id'] ?? ''), 'Could not find client scope')
}

function removeScope(realm: Realm, { id, name }: Scope): void {
  realm.scopes.delete(id)
  realm.defaultScopes.delete(id)
  realm.optionalScopes.delete(id)
  const without = (names: readonly string[]) => names.filter((one) => one !== name)
  for (const client of [...realm.clients.values()]) {
    const defaultClientScopes = without(client.defaultClientScopes)
    const optionalClientScopes = without(client.optionalClientScopes)
    realm.clients.set(client.id, { ...client, defaultClientScopes, optionalClientScopes })
  }
}

function givenRoutes(path: string, ids: (realm: Realm) => Set<string>): readonly Route[] {
  return [
    ...routes(path, {
      GET: ({ realm }) => {
        const given = [...realm.scopes.values()].filter((scope) => ids(realm).has(scope.id))
        return shown(given.map(({ id, name, protocol }) => ({ id, name, protocol })))
      },
    }),
    ...routes(`${path}/{id}`, {
      PUT: ({ realm, params }) => {
        const { id } = found(realm.scopes.get(params['id'] ?? ''), 'Client scope not found')
        if (ids(realm).has(id)) throw refusal(409, 'conflict', 'Duplicate resource error')
        ids(realm).add(id)
        return done
      },
      DELETE: ({ realm, params }) => {
        const { id } = found(realm.scopes.get(params['id'] ?? ''), 'Client scope not found')
        ids(realm).delete(id)
        return done
      },
    }),
  ]
}

interface Mappers {
  readonly of: (call: AdminCall) => readonly Mapper[]
  readonly set: (call: AdminCall, mappers: readonly Mapper[]) => void
}

function mapperRoutes(owner: string, mappers: Mappers): readonly Route[] {
  const mapperIn = (call: AdminCall): Mapper =>
    found(
      mappers.of(call).find((one) => one.id === call.params['mapperId']),
      'Model not found',
    )
  return [
    ...routes(`${owner}/protocol-mappers/models`, {
      GET: (call) => shown(mappers.of(call)),
      POST: (call) => {
        const made = makeMapper(call.state, readBody(mapperFields, 'ProtocolMapperRepresentation', call.body))
        const others = mappers.of(call)
        if (others.some((one) => one.name === made.name)) throw complaint(409, 'Protocol mapper exists with same name')
        mappers.set(call, [...others, made])
        const [kind = ''] = owner.split('/')
        return created(call, kind, call.params['id'] ?? '', 'protocol-mappers', 'models', made.id)
      },
    }),
    ...routes(`${owner}/protocol-mappers/models/{mapperId}`, {
      GET: (call) => shown(mapperIn(call)),
      PUT: (call) => {
        const { id } = mapperIn(call)
        const fields = readBody(mapperFields, 'ProtocolMapperRepresentation', call.body)
        const changed = { ...makeMapper(call.state, fields), id }
        mappers.set(
          call,
          mappers.of(call).map((one) => (one.id === id ? changed : one)),
        )
        return done
      },
      DELETE: (call) => {
        const { id } = mapperIn(call)
        mappers.set(
          call,
          mappers.of(call).filter((one) => one.id !== id),
        )
        return done
      },
    }),
  ]
}
