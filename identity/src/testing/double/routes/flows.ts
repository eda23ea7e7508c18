import { z } from 'zod'
import { complaint, readBody, refusal } from '../answer.ts'
import { flowFields } from '../model/representations.ts'
import type { Execution, Realm } from '../model/state.ts'
import { created, done, routesFor, shown } from './route.ts'
import type { AdminCall, Route } from './route.ts'

const ofFlows = routesFor(['view-realm', 'manage-realm'], ['manage-realm'])
const stepFields = z.strictObject({ provider: z.string() })
const innerFields = z.strictObject({
  alias: z.string(),
  type: z.string(),
  provider: z.string(),
  description: z.string(),
})
const changed = z.looseObject({ id: z.string(), requirement: z.string() })

/** Login flows that were made: the double knows their steps, and nobody logs in by them. */
export const flowRoutes: readonly Route[] = [
  ...ofFlows('authentication/flows', {
    POST: (call) => {
      const { alias } = readBody(flowFields, 'AuthenticationFlowRepresentation', call.body)
      makeFlow(call.realm, alias)
      return created(call, 'authentication', 'flows', call.state.newId())
    },
  }),
  ...ofFlows('authentication/flows/{alias}/executions', {
    GET: ({ realm, params }) => shown(showExecutions(realm, flowNamed(realm, params['alias'] ?? ''), 0)),
    PUT: ({ realm, body }) => {
      const { id, requirement } = readBody(changed, 'AuthenticationExecutionInfoRepresentation', body)
      replaceExecutions(realm, (one) => (one.id === id ? [{ ...one, requirement }] : [one]))
      return done
    },
  }),
  ...ofFlows('authentication/flows/{alias}/executions/execution', {
    POST: (call) => {
      const { provider } = readBody(stepFields, 'Map', call.body)
      return addExecution(call, { provider, flow: undefined })
    },
  }),
  ...ofFlows('authentication/flows/{alias}/executions/flow', {
    POST: (call) => {
      const { alias: flow } = readBody(innerFields, 'Map', call.body)
      makeFlow(call.realm, flow)
      return addExecution(call, { provider: undefined, flow })
    },
  }),
  ...ofFlows('authentication/executions/{id}', {
    DELETE: ({ realm, params }) => {
      const all = [...realm.flows.values()].flat()
      const gone = all.find((one) => one.id === params['id'])
      if (gone === undefined) throw refusal(404, 'Illegal execution')
      if (gone.flow !== undefined) realm.flows.delete(gone.flow)
      replaceExecutions(realm, (one) => (one === gone ? [] : [one]))
      return done
    },
  }),
]

function makeFlow(realm: Realm, alias: string): void {
  if (realm.flows.has(alias)) throw complaint(409, `Flow ${alias} already exists`)
  realm.flows.set(alias, [])
}

function flowNamed(realm: Realm, alias: string): readonly Execution[] {
  const flow = realm.flows.get(alias)
  if (flow === undefined) throw refusal(404, 'Flow not found')
  return flow
}

function addExecution(call: AdminCall, fields: Pick<Execution, 'provider' | 'flow'>) {
  const alias = call.params['alias'] ?? ''
  const id = call.state.newId()
  // There is nothing to choose for it.
  const requirement = fields.provider === 'auth-username-password-form' ? 'REQUIRED' : 'DISABLED'
  call.realm.flows.set(alias, [...flowNamed(call.realm, alias), { id, requirement, ...fields }])
  return created(call, 'authentication', 'executions', id)
}

function replaceExecutions(realm: Realm, change: (one: Execution) => readonly Execution[]): void {
  for (const [alias, executions] of realm.flows) realm.flows.set(alias, executions.flatMap(change))
}

function showExecutions(realm: Realm, executions: readonly Execution[], level: number): readonly object[] {
  return executions.flatMap(({ id, requirement, provider, flow }, index) => {
    const own = { id, requirement, level, index, priority: index, displayName: flow ?? provider ?? '' }
    if (flow === undefined) return [{ ...own, providerId: provider }]
    return [{ ...own, authenticationFlow: true }, ...showExecutions(realm, realm.flows.get(flow) ?? [], level + 1)]
  })
}
