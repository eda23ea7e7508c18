import { complaint, readBody } from '../answer.ts'
import { defaultRoles, defined, makeUser } from '../model/make.ts'
import { demandPasswords } from '../model/passwords.ts'
import { credentialFields, groupFields, userFields } from '../model/representations.ts'
import { showUser } from '../model/show.ts'
import type { User } from '../model/state.ts'
import { created, done, found, routesFor, shown } from './route.ts'
import type { AdminCall, Route } from './route.ts'

const routes = routesFor(['view-users', 'manage-users'], ['manage-users'])

/** The users and groups of a realm. */
export const userRoutes: readonly Route[] = [
  ...routes('users', {
    GET: (call) => shown(chosen(call).map(showUser)),
    POST: (call) => created(call, 'users', addUser(call).id),
  }),
  ...routes('users/{id}', {
    GET: (call) => shown(showUser(userOf(call))),
    PUT: (call) => {
      updateUser(call)
      return done
    },
    DELETE: (call) => {
      call.realm.users.delete(userOf(call).id)
      return done
    },
  }),
  ...routes('users/{id}/reset-password', {
    PUT: (call) => {
      const user = userOf(call)
      const credential = readBody(credentialFields, 'CredentialRepresentation', call.body)
      demandPasswords(call.realm.settings.passwordPolicy, [credential])
      const others = user.requiredActions.filter((action) => action !== 'UPDATE_PASSWORD')
      const requiredActions = credential.temporary === true ? [...others, 'UPDATE_PASSWORD'] : others
      call.realm.users.set(user.id, { ...user, requiredActions, password: credential.value })
      return done
    },
  }),
  ...routes('users/{id}/credentials', {
    GET: (call) => shown(userOf(call).password !== undefined ? [{ id: call.params['id'], type: 'password' }] : []),
  }),
  ...routes('groups', {
    GET: ({ realm }) => shown([...realm.groups].map(([id, name]) => ({ id, name, path: `/${name}`, subGroups: [] }))),
    POST: (call) => {
      const { name } = readBody(groupFields, 'GroupRepresentation', call.body)
      if ([...call.realm.groups.values()].includes(name))
        throw complaint(409, `Top level group named '${name}' already exists.`)
      const id = call.state.newId()
      call.realm.groups.set(id, name)
      return created(call, 'groups', id)
    },
  }),
  ...routes('groups/{id}', {
    DELETE: (call) => {
      found(call.realm.groups.get(call.params['id'] ?? ''), 'Could not find group by id')
      call.realm.groups.delete(call.params['id'] ?? '')
      return done
    },
  }),
]

/** The user that the path names. */
export function userOf({ realm, params }: AdminCall): User {
  return found(realm.users.get(params['id'] ?? ''), 'User not found')
}

function chosen({ realm, query }: AdminCall): readonly User[] {
  const [username, search] = [query.get('username')?.toLowerCase(), query.get('search')?.toLowerCase()]
  const isExact = query.get('exact') === 'true'
  const matches = [...realm.users.values()].filter((user) => {
    if (username !== undefined) return isExact ? user.username === username : user.username.includes(username)
    // Service accounts show themselves to those only who ask for their name.
    return user.accountOf === undefined && (search === undefined || user.username.includes(search))
  })
  const first = Number(query.get('first') ?? 0)
  return matches
    .toSorted((a, b) => (a.username < b.username ? -1 : 1))
    .slice(first, first + Number(query.get('max') ?? 100))
}

function addUser({ state, realm, body }: AdminCall): User {
  const fields = readBody(userFields, 'UserRepresentation', body)
  const asked = [...realm.requiredActions.values()].filter((action) => action.enabled && action.defaultAction)
  const requiredActions = [...asked.map((action) => action.alias), ...(fields.requiredActions ?? [])]
  return makeUser(state, realm, { ...fields, requiredActions }, { roles: defaultRoles(realm) })
}

function updateUser(call: AdminCall): void {
  const user = userOf(call)
  const { credentials, ...fields } = readBody(userFields, 'UserRepresentation', call.body)
  demandPasswords(call.realm.settings.passwordPolicy, credentials)
  const { id: _id, username: _username, realmRoles: _roles, clientRoles: _client, ...changed } = defined(fields)
  const { groups: _groups, createdTimestamp: _created, ...kept } = changed
  call.realm.users.set(user.id, { ...user, ...kept, password: credentials?.at(-1)?.value ?? user.password })
}
