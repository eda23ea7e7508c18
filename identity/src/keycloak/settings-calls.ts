import { z } from 'zod'
import type { Fields, FlowExecution, RealmAdmin } from './keycloak.ts'
import { absent, required } from './realm-admin.ts'
import type { CallRealm } from './realm-admin.ts'
import { componentRepresentation, executionRepresentation, identityProviderRepresentation } from './schema.ts'

// Made once: to make a schema costs many times what it costs to use it.
const componentList = z.array(componentRepresentation)
const executionList = z.array(executionRepresentation)
const providerList = z.array(identityProviderRepresentation)
const identified = z.array(z.object({ id: z.string() }))

type ComponentCalls = Pick<RealmAdmin, 'components' | 'createComponent' | 'updateComponent' | 'deleteComponent'>

/** What a realm's keys and registration policies are made of. */
export function componentCalls(call: CallRealm): ComponentCalls {
  const path = (id: string) => ['components', id]
  return {
    components: async () => {
      const { body } = await call({ doing: 'list components', method: 'GET', path: ['components'] })
      return componentList.parse(body)
    },
    createComponent: async (fields) => {
      await call({ doing: 'create component', method: 'POST', path: ['components'], body: fields })
    },
    updateComponent: async (id, fields) => {
      await call({ doing: 'update component', method: 'PUT', path: path(id), body: { ...fields, id } })
    },
    deleteComponent: async (id) => {
      await absent(call({ doing: 'delete component', method: 'DELETE', path: path(id) }), 'component')
    },
  }
}

type FlowCalls = Pick<RealmAdmin, 'flow' | 'replaceFlow'>

/** How people log in. */
export function flowCalls(call: CallRealm): FlowCalls {
  const executions = (alias: string) => ['authentication', 'flows', alias, 'executions']
  const list = async (alias: string) => {
    const path = executions(alias)
    const found = await absent(call({ doing: 'read flow', method: 'GET', path }), 'flow')
    return found === undefined ? undefined : executionList.parse(found.body)
  }
  const add = async (alias: string, inner: readonly FlowExecution[]): Promise<void> => {
    for (const one of inner) {
      const isFlow = one.kind === 'flow'
      const path = [...executions(alias), isFlow ? 'flow' : 'execution']
      const body = isFlow
        ? { alias: one.alias, type: 'basic-flow', provider: 'basic-flow', description: '' }
        : { provider: one.provider }
      await call({ doing: 'create execution', method: 'POST', path, body })
      if (isFlow) await add(one.alias, one.executions)
    }
  }
  return {
    flow: list,
    replaceFlow: async (alias, wanted) => {
      const body = { alias, providerId: 'basic-flow', topLevel: true, builtIn: false }
      const old = await list(alias)
      if (old === undefined)
        await call({ doing: 'create flow', method: 'POST', path: ['authentication', 'flows'], body })
      for (const { id } of (old ?? []).filter(({ level }) => level === 0)) {
        await call({ doing: 'delete execution', method: 'DELETE', path: ['authentication', 'executions', id] })
      }
      await add(alias, wanted)
      const requirements = flatten(wanted).map(({ requirement }) => requirement)
      for (const [index, { id, requirement: made }] of ((await list(alias)) ?? []).entries()) {
        const requirement = required(requirements[index], 'the execution of a flow')
        if (made === requirement) continue
        await call({ doing: 'update execution', method: 'PUT', path: executions(alias), body: { id, requirement } })
      }
    },
  }
}

/** The executions in the order in which Keycloak lists them: what stands in a flow comes right after it. */
export function flatten(executions: readonly FlowExecution[]): readonly FlowExecution[] {
  return executions.flatMap((one) => (one.kind === 'flow' ? [one, ...flatten(one.executions)] : [one]))
}

type ProviderCalls = Pick<
  RealmAdmin,
  | 'identityProviders'
  | 'createIdentityProvider'
  | 'updateIdentityProvider'
  | 'deleteIdentityProvider'
  | 'removeProviderMappers'
>

/** Other identity providers whose people may log in. */
export function providerCalls(call: CallRealm): ProviderCalls {
  const all = ['identity-provider', 'instances']
  const send = async (doing: string, method: 'POST' | 'PUT', path: readonly string[], body: Fields): Promise<void> => {
    await call({ doing, method, path, body })
  }
  const mappers = async (alias: string): Promise<readonly { readonly id: string }[]> => {
    const path = [...all, alias, 'mappers']
    const { body } = await call({ doing: 'list provider-mappers', method: 'GET', path })
    return identified.parse(body)
  }
  return {
    identityProviders: async () => {
      const { body } = await call({ doing: 'list identity-providers', method: 'GET', path: all })
      const found = providerList.parse(body)
      return Promise.all(found.map(async (one) => ({ ...one, mappers: (await mappers(one.alias)).length })))
    },
    createIdentityProvider: (fields) => send('create identity-provider', 'POST', all, fields),
    updateIdentityProvider: (alias, fields) => send('update identity-provider', 'PUT', [...all, alias], fields),
    deleteIdentityProvider: async (alias) => {
      const path = [...all, alias]
      await absent(call({ doing: 'delete identity-provider', method: 'DELETE', path }), 'identityProvider')
    },
    removeProviderMappers: async (alias) => {
      for (const { id } of await mappers(alias)) {
        const path = [...all, alias, 'mappers', id]
        await call({ doing: 'delete provider-mapper', method: 'DELETE', path })
      }
    },
  }
}
