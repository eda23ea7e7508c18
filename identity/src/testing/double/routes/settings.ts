import { complaint, readBody } from '../answer.ts'
import { keysOf } from '../tokens/keys.ts'
import { makeComponent } from '../model/make.ts'
import { componentFields, identityProviderFields, requiredActionFields } from '../model/representations.ts'
import { secretMask, showComponent, showIdentityProvider } from '../model/show.ts'
import type { Component, IdentityProvider } from '../model/state.ts'
import { created, done, found, routesFor, shown } from './route.ts'
import type { AdminCall, Route } from './route.ts'

const ofRealm = routesFor(['view-realm', 'manage-realm'], ['manage-realm'])
const ofLogins = routesFor(['view-realm', 'manage-realm', 'view-users'], ['manage-realm'])
const providers = ['view-identity-providers', 'manage-identity-providers']
const ofEvents = routesFor(['view-events', 'manage-events'], ['manage-events'])
const ofProviders = routesFor(providers, ['manage-identity-providers'])

/** Keys and other components, identity providers, and what a login may ask for. */
export const settingsRoutes: readonly Route[] = [
  ...ofRealm('components', {
    GET: ({ realm, query }) => {
      const [type, name] = [query.get('type'), query.get('name')]
      const chosen = [...realm.components.values()].filter(
        (one) => (type === null || one.providerType === type) && (name === null || one.name === name),
      )
      return shown(chosen.map(showComponent))
    },
    POST: (call) => {
      const fields = readBody(componentFields, 'ComponentRepresentation', call.body)
      return created(call, 'components', makeComponent(call.state, call.realm, fields).id)
    },
  }),
  ...ofRealm('components/{id}', {
    GET: (call) => shown(showComponent(componentOf(call))),
    PUT: (call) => {
      const old = componentOf(call)
      const fields = readBody(componentFields, 'ComponentRepresentation', call.body)
      call.realm.components.set(old.id, {
        ...old,
        ...fields,
        id: old.id,
        config: changedConfig(fields.config, old.config),
      })
      return done
    },
    DELETE: (call) => {
      call.realm.components.delete(componentOf(call).id)
      return done
    },
  }),
  // The double writes none down.
  ...ofEvents('events', { GET: () => shown([]) }),
  ...ofEvents('admin-events', { GET: () => shown([]) }),
  ...ofRealm('keys', { GET: (call) => shown(showKeys(call)) }),
  ...ofProviders('identity-provider/instances', {
    GET: ({ realm }) => shown([...realm.identityProviders.values()].map(showIdentityProvider)),
    POST: (call) => {
      const fields = readBody(identityProviderFields, 'IdentityProviderRepresentation', call.body)
      if (call.realm.identityProviders.has(fields.alias))
        throw complaint(409, `Identity Provider ${fields.alias} already exists`)
      call.realm.identityProviders.set(fields.alias, { ...fields, internalId: call.state.newId() })
      return created(call, 'identity-provider', 'instances', fields.alias)
    },
  }),
  ...ofProviders('identity-provider/instances/{alias}', {
    GET: (call) => shown(showIdentityProvider(providerOf(call))),
    PUT: (call) => {
      const old = providerOf(call)
      const fields = readBody(identityProviderFields, 'IdentityProviderRepresentation', call.body)
      const { clientSecret } = fields.config
      const isKept = clientSecret === secretMask && old.config['clientSecret'] !== undefined
      const config = isKept ? { ...fields.config, clientSecret: old.config['clientSecret'] ?? '' } : fields.config
      call.realm.identityProviders.set(old.alias, { ...fields, internalId: old.internalId, config })
      return done
    },
    DELETE: (call) => {
      call.realm.identityProviders.delete(providerOf(call).alias)
      return done
    },
  }),
  // Nobody comes from another provider into the double.
  ...ofProviders('identity-provider/instances/{alias}/mappers', {
    GET: (call) => {
      providerOf(call)
      return shown([])
    },
  }),
  ...ofLogins('authentication/required-actions', {
    GET: ({ realm }) => shown([...realm.requiredActions.values()].toSorted((a, b) => a.priority - b.priority)),
  }),
  ...ofLogins('authentication/required-actions/{alias}', {
    GET: ({ realm, params }) =>
      shown(found(realm.requiredActions.get(params['alias'] ?? ''), 'Failed to find required action')),
    PUT: ({ realm, params, body }) => {
      const { alias } = found(realm.requiredActions.get(params['alias'] ?? ''), 'Failed to find required action')
      realm.requiredActions.set(alias, readBody(requiredActionFields, 'RequiredActionProviderRepresentation', body))
      return done
    },
  }),
]

function componentOf({ realm, params }: AdminCall): Component {
  return found(realm.components.get(params['id'] ?? ''), 'Could not find component')
}

function providerOf({ realm, params }: AdminCall): IdentityProvider {
  return found(realm.identityProviders.get(params['alias'] ?? ''), 'HTTP 404 Not Found')
}

// A list that is not sent stays, and an empty one goes.
function changedConfig(config: Component['config'], old: Component['config']): Component['config'] {
  const all = Object.entries({ ...old, ...unmasked(config, old) })
  return Object.fromEntries(all.filter(([, value]) => value.length > 0))
}

function unmasked(config: Component['config'], old: Component['config']): Component['config'] {
  const entries = Object.entries(config).map(([name, value]) => {
    return [name, value[0] === secretMask ? (old[name] ?? value) : value] as const
  })
  return Object.fromEntries(entries)
}

function showKeys({ realm }: AdminCall): object {
  const keys = keysOf(realm)
  const active = keys.filter((key) => key.isActive).toReversed()
  return {
    active: Object.fromEntries(active.map(({ algorithm, kid }) => [algorithm, kid])),
    keys: keys.map(({ kid, componentId: providerId, algorithm, use, isActive }) => ({
      ...{ providerId, kid, algorithm, type: 'RSA', use: use.toUpperCase(), status: isActive ? 'ACTIVE' : 'PASSIVE' },
    })),
  }
}
