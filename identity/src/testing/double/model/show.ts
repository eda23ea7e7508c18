import { roleNamed } from './state.ts'
import type { Client, Component, IdentityProvider, Realm, Role, Scope, User } from './state.ts'

// How Keycloak shows what it has.

export function showRealm(realm: Realm): object {
  const { settings, id } = realm
  const role = roleNamed(realm, `default-roles-${settings.realm.toLowerCase()}`)
  return { ...settings, id, ...(role === undefined ? {} : { defaultRole: showRole(realm, role) }) }
}

/** What somebody sees of a realm who may not see its settings. */
export function showRealmToOthers({ settings }: Realm): object {
  return { realm: settings.realm, bruteForceProtected: false, supportedLocales: [], organizationsEnabled: false }
}

export function showClient({ scopeRoles: _scopeRoles, protocolMappers, secret, ...client }: Client): object {
  return {
    ...client,
    // A client without one has none to show.
    ...(client.publicClient || client.bearerOnly ? {} : { secret }),
    ...(protocolMappers.length === 0 ? {} : { protocolMappers }),
    access: { view: true, configure: true, manage: true },
  }
}

export function showScope({ protocolMappers, ...scope }: Scope): object {
  return { ...scope, ...(protocolMappers.length === 0 ? {} : { protocolMappers }) }
}

export function showRole(realm: Realm, { id, name, description, clientId, composites }: Role): object {
  return {
    ...{ id, name, ...(description === undefined ? {} : { description }) },
    ...{ composite: composites.length > 0, clientRole: clientId !== undefined, containerId: clientId ?? realm.id },
  }
}

export function showUser({ roles: _roles, accountOf: _accountOf, password: _password, ...user }: User): object {
  const { serviceAccountClientId: _serviceAccountClientId, ...shown } = user
  return shown
}

export function showComponent({ ordinal: _ordinal, ...component }: Component): object {
  const hidden = component.config['privateKey'] === undefined ? {} : { privateKey: [secretMask] }
  return { ...component, config: { ...component.config, ...hidden } }
}

/** What Keycloak shows instead of a secret. Whoever sends it back changes nothing. */
export const secretMask = '**********'

export function showIdentityProvider(provider: IdentityProvider): object {
  const hidden = provider.config['clientSecret'] === undefined ? {} : { clientSecret: secretMask }
  return { ...provider, config: { ...provider.config, ...hidden } }
}
