import type { ExecutionRepresentation, Fields, FlowExecution } from '@bulkhead/identity'

const step = (provider: string, requirement: 'REQUIRED' | 'ALTERNATIVE'): FlowExecution => ({
  ...{ kind: 'step', provider, requirement },
})
// Required, and not "if the user has one": whoever has none has to set one up before the login ends.
const secondFactor = step('auth-otp-form', 'REQUIRED')

export interface OwnFlow {
  readonly alias: string
  readonly executions: readonly FlowExecution[]
}

/** Keycloak's own login flow: a second factor is asked of those who set one up. */
export const builtInBrowserFlow = 'browser'
/** How people log in where a second factor is required. */
export const requiredFlow: OwnFlow = {
  alias: 'bulkhead-browser',
  executions: [
    step('auth-cookie', 'ALTERNATIVE'),
    step('identity-provider-redirector', 'ALTERNATIVE'),
    {
      ...{ kind: 'flow', alias: 'bulkhead-browser-forms', requirement: 'ALTERNATIVE' },
      executions: [step('auth-username-password-form', 'REQUIRED'), secondFactor],
    },
  ],
}
/** What comes after a login at another identity provider where a second factor is required. */
export const afterProviderFlow: OwnFlow = { alias: 'bulkhead-after-provider', executions: [secondFactor] }

/** The flows that every realm has, used or not, so that a change of `mfa` is one setting. */
export const ownFlows: readonly OwnFlow[] = [requiredFlow, afterProviderFlow]

/** Whether a flow is exactly as we made it. */
export function isFlow({ executions }: OwnFlow, seen: readonly ExecutionRepresentation[] | undefined): boolean {
  const wanted = shapeOf(executions)
  const found = seen?.map((one) => {
    return [one.level, one.requirement, one.authenticationFlow ? one.displayName : one.providerId]
  })
  return JSON.stringify(found) === JSON.stringify(wanted)
}

function shapeOf(executions: readonly FlowExecution[], level = 0): readonly (readonly [number, string, string])[] {
  return executions.flatMap((one) => {
    const own = [level, one.requirement, one.kind === 'flow' ? one.alias : one.provider] as const
    return one.kind === 'flow' ? [own, ...shapeOf(one.executions, level + 1)] : [own]
  })
}

/** The flows as a whole new realm names them. */
export function newFlows(): readonly Fields[] {
  return ownFlows.flatMap(({ alias, executions }) => newFlow(alias, executions, true))
}

function newFlow(alias: string, executions: readonly FlowExecution[], topLevel: boolean): readonly Fields[] {
  const authenticationExecutions = executions.map((one, index) => ({
    ...(one.kind === 'flow' ? { flowAlias: one.alias } : { authenticator: one.provider }),
    ...{ requirement: one.requirement, priority: (index + 1) * 10, authenticatorFlow: one.kind === 'flow' },
  }))
  const inner = executions.flatMap((one) => (one.kind === 'flow' ? newFlow(one.alias, one.executions, false) : []))
  return [{ alias, providerId: 'basic-flow', topLevel, builtIn: false, authenticationExecutions }, ...inner]
}
