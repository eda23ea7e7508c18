import { mayAdminister } from '../tokens/access.ts'
import { complaint, readBody } from '../answer.ts'
import { realmParts } from '../model/import-realm.ts'
import { defined } from '../model/make.ts'
import { realmAttributes } from '../model/realm-defaults.ts'
import { realmFields } from '../model/representations.ts'
import { showRealm, showRealmToOthers } from '../model/show.ts'
import { done, routesFor, shown } from './route.ts'
import type { AdminCall, Route } from './route.ts'

const viewers = ['view-realm', 'manage-realm']

/** The settings of a realm, and its end. */
export const realmRoutes: readonly Route[] = routesFor([], ['manage-realm'])('', {
  GET: ({ realm, caller }) =>
    shown(mayAdminister(caller, realm, viewers) ? showRealm(realm) : showRealmToOthers(realm)),
  PUT: (call) => {
    updateRealm(call)
    return done
  },
  DELETE: ({ state, realm }) => {
    state.realms.delete(realm.settings.realm)
    return done
  },
})

function updateRealm({ state, realm, body }: AdminCall): void {
  const fields = readBody(realmFields, 'RealmRepresentation', body)
  const given = Object.entries(defined(fields)).filter(([name]) => !realmParts.includes(name))
  const { realm: name = realm.settings.realm, sslRequired, attributes } = fields
  const old = realm.settings.realm
  if (name !== old && state.realms.has(name)) throw complaint(409, `Realm ${name} already exists`)
  realm.settings = {
    ...realm.settings,
    ...Object.fromEntries(given),
    ...(sslRequired === undefined ? {} : { sslRequired: sslRequired.toLowerCase() }),
    // Those that are given are all there are, beside Keycloak's own.
    ...(attributes === undefined ? {} : { attributes: { ...builtIn(realm.settings.attributes), ...attributes } }),
    realm: name,
  }
  state.realms.delete(old)
  state.realms.set(name, realm)
}

function builtIn(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => Object.hasOwn(realmAttributes, name)))
}
