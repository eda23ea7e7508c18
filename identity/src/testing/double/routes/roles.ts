import { z } from 'zod'
import { demandRoles } from '../tokens/access.ts'
import { readBody } from '../answer.ts'
import { makeRole } from '../model/make.ts'
import { roleFields } from '../model/representations.ts'
import { showRole } from '../model/show.ts'
import { roleNamed } from '../model/state.ts'
import type { Role } from '../model/state.ts'
import { userOf } from './users.ts'
import { clientOf, created, done, found, routesFor, shown } from './route.ts'
import type { AdminCall, Route } from './route.ts'

const ofRealm = routesFor(['view-realm', 'manage-realm'], ['manage-realm'])
const ofUsers = routesFor(['view-users', 'manage-users'], ['manage-users'])
const ofClients = routesFor(['view-clients', 'manage-clients'], ['manage-clients'])

/** The roles of a realm, and who has which. */
export const roleRoutes: readonly Route[] = [
  ...ofRealm('roles', {
    GET: ({ realm }) =>
      shown([...realm.roles.values()].flatMap((role) => (isOfRealm(role) ? showRole(realm, role) : []))),
    POST: (call) => {
      const { name, description } = readBody(roleFields, 'RoleRepresentation', call.body)
      makeRole(call.state, call.realm, { name, description })
      return created(call, 'roles', name)
    },
  }),
  ...ofRealm('roles/{name}', {
    GET: (call) => shown({ ...showRole(call.realm, roleOf(call)), attributes: {} }),
    DELETE: (call) => {
      const { id } = roleOf(call)
      call.realm.roles.delete(id)
      return done
    },
  }),
  ...ofUsers('users/{id}/role-mappings', { GET: (call) => shown(mappingsOf(call)) }),
  ...ofUsers('users/{id}/role-mappings/realm', mapping(undefined)),
  ...ofUsers('users/{id}/role-mappings/clients/{clientId}', mapping('clientId')),
  ...ofClients('clients/{id}/scope-mappings/realm', scopeMapping(undefined)),
  ...ofClients('clients/{id}/scope-mappings/clients/{clientId}', scopeMapping('clientId')),
]

const isOfRealm = (role: Role) => role.clientId === undefined

function roleOf({ realm, params }: AdminCall): Role {
  return found(roleNamed(realm, params['name'] ?? ''), 'Could not find role')
}

function mappingsOf(call: AdminCall): object {
  const { realm } = call
  const user = userOf(call)
  const roles = [...user.roles].flatMap((id) => realm.roles.get(id) ?? [])
  const realmMappings = roles.filter(isOfRealm).map((role) => showRole(realm, role))
  const ofOne = [...realm.clients.values()].flatMap(({ id, clientId }) => {
    const mappings = roles.filter((role) => role.clientId === id).map((role) => showRole(realm, role))
    return mappings.length === 0 ? [] : [[clientId, { id, client: clientId, mappings }] as const]
  })
  return {
    ...(realmMappings.length === 0 ? {} : { realmMappings }),
    ...(ofOne.length === 0 ? {} : { clientMappings: Object.fromEntries(ofOne) }),
  }
}

interface Holder {
  readonly of: (call: AdminCall) => ReadonlySet<string>
  readonly set: (call: AdminCall, ids: ReadonlySet<string>) => void
}

function mapping(clientParam: string | undefined): Readonly<Record<string, Route['answer']>> {
  return mappingOf(clientParam, {
    of: (call) => userOf(call).roles,
    set: (call, roles) => {
      const user = userOf(call)
      call.realm.users.set(user.id, { ...user, roles })
    },
  })
}

function scopeMapping(clientParam: string | undefined): Readonly<Record<string, Route['answer']>> {
  return mappingOf(clientParam, {
    of: (call) => clientOf(call).scopeRoles,
    set: (call, scopeRoles) => {
      const client = clientOf(call)
      call.realm.clients.set(client.id, { ...client, scopeRoles })
    },
  })
}

function mappingOf(clientParam: string | undefined, holder: Holder): Readonly<Record<string, Route['answer']>> {
  return {
    GET: (call) => {
      const clientId = clientParam === undefined ? undefined : call.params[clientParam]
      const roles = [...holder.of(call)].flatMap((id) => call.realm.roles.get(id) ?? [])
      return shown(roles.filter((role) => role.clientId === clientId).map((role) => showRole(call.realm, role)))
    },
    POST: (call) => {
      const held = holder.of(call)
      holder.set(call, new Set([...held, ...namedRoles(call)]))
      return done
    },
    DELETE: (call) => {
      const held = holder.of(call)
      const removed = namedRoles(call)
      holder.set(call, new Set([...held].filter((id) => !removed.includes(id))))
      return done
    },
  }
}

function namedRoles(call: AdminCall): readonly string[] {
  const { realm, caller, body } = call
  const ids = readBody(z.array(z.looseObject({ id: z.string() })), 'RoleRepresentation', body).map(({ id }) => {
    return found(realm.roles.get(id), 'Role not found').id
  })
  demandRoles(caller, realm, ids)
  return ids
}
