import type { Execution, Realm } from './state.ts'

/**
 * All that a realm holds, as one value to compare with another realm's: in a fixed order, and with the names of things
 * where their ids stand. Only its own id is its alone.
 */
export function dumpRealm(realm: Realm): object {
  const nameOf = namesIn(realm)
  const { id, settings, clients, scopes, roles, users } = realm
  return {
    id,
    settings,
    clients: listed(clients, ({ scopeRoles, ...client }) => ({ ...client, scopeRoles: names(scopeRoles, nameOf) })),
    scopes: listed(scopes, (scope) => scope),
    roles: listed(roles, ({ clientId, composites, ...role }) => {
      return { ...role, clientId: nameOf(clientId), composites: names(composites, nameOf) }
    }),
    users: listed(users, ({ createdTimestamp: _createdTimestamp, accountOf, roles: held, ...user }) => {
      return { ...user, accountOf: nameOf(accountOf), roles: names(held, nameOf) }
    }),
    components: listed(realm.components, ({ ordinal: _ordinal, ...component }) => component),
    identityProviders: listed(realm.identityProviders, ({ internalId: _internalId, ...provider }) => provider),
    requiredActions: listed(realm.requiredActions, (action) => action),
    groups: sorted([...realm.groups.values()]),
    flows: Object.fromEntries([...realm.flows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(withoutIds)),
    defaultScopes: names(realm.defaultScopes, nameOf),
    optionalScopes: names(realm.optionalScopes, nameOf),
  }
}

type NameOf = (id: string | undefined) => string | undefined

function namesIn({ clients, scopes, roles }: Realm): NameOf {
  const clientNames = [...clients.values()].map(({ id, clientId }) => [id, clientId] as const)
  const scopeNames = [...scopes.values()].map(({ id, name }) => [id, name] as const)
  const known = new Map([...clientNames, ...scopeNames])
  for (const { id, name, clientId } of roles.values()) known.set(id, `${known.get(clientId ?? '') ?? ''}/${name}`)
  return (id) => (id === undefined ? undefined : (known.get(id) ?? `nothing of id ${id}`))
}

function names(ids: Iterable<string>, nameOf: NameOf): readonly (string | undefined)[] {
  return sorted([...ids].map((id) => nameOf(id) ?? ''))
}

function sorted(texts: readonly string[]): readonly string[] {
  return texts.toSorted()
}

function listed<T>(all: ReadonlyMap<string, T>, show: (one: T) => object): readonly unknown[] {
  const texts = [...all.values()].map((one) => JSON.stringify(show(one), withoutId))
  return sorted(texts).map((text): unknown => JSON.parse(text))
}

function withoutId(key: string, value: unknown): unknown {
  return key === 'id' ? undefined : value
}

function withoutIds([alias, executions]: readonly [string, readonly Execution[]]): readonly [string, unknown] {
  return [alias, JSON.parse(JSON.stringify(executions, withoutId))]
}
