import { expect, test } from 'vitest'
import type { FlowExecution } from '../../keycloak/keycloak.ts'
import { flatten } from '../../keycloak/settings-calls.ts'
import { signal } from './subject.ts'
import type { Subject } from './subject.ts'

const twoSteps: readonly FlowExecution[] = [
  { kind: 'step', provider: 'auth-cookie', requirement: 'ALTERNATIVE' },
  {
    ...{ kind: 'flow', alias: 'our-forms', requirement: 'ALTERNATIVE' },
    executions: [
      { kind: 'step', provider: 'auth-username-password-form', requirement: 'REQUIRED' },
      { kind: 'step', provider: 'auth-otp-form', requirement: 'REQUIRED' },
    ],
  },
]
const keyType = 'org.keycloak.keys.KeyProvider'
const corp = {
  ...{ alias: 'corp', providerId: 'oidc', displayName: 'Corp', enabled: true, trustEmail: false },
  config: { issuer: 'https://corp.test', clientId: 'us', clientSecret: 'theirs', 'ours/mark': 'yes' },
}

/** Login flows. */
export function flowTests(subject: Subject): void {
  test('a flow is made as it is wanted, and made so again whatever became of it', async () => {
    expect(await subject.admin.flow('ours')).toBeUndefined()
    await subject.admin.replaceFlow('ours', twoSteps)
    const shape = async () =>
      (await subject.admin.flow('ours'))?.map(({ level, requirement, providerId, authenticationFlow, displayName }) => {
        return [level, requirement, authenticationFlow ? displayName : providerId]
      })
    const wanted = [
      [0, 'ALTERNATIVE', 'auth-cookie'],
      [0, 'ALTERNATIVE', 'our-forms'],
      [1, 'REQUIRED', 'auth-username-password-form'],
      [1, 'REQUIRED', 'auth-otp-form'],
    ]
    expect(await shape()).toEqual(wanted)
    await subject.admin.updateRealm({ browserFlow: 'ours' })
    expect(await subject.admin.realm()).toMatchObject({ browserFlow: 'ours' })
    await subject.admin.replaceFlow('ours', twoSteps.slice(0, 1))
    expect(await shape()).toEqual(wanted.slice(0, 1))
    await subject.admin.replaceFlow('ours', twoSteps)
    expect(await shape()).toEqual(wanted)
    expect(flatten(twoSteps)).toHaveLength(4)
    await subject.admin.updateRealm({ browserFlow: 'browser' })
  })

  test('a realm that names a flow has it beside all others', async () => {
    const execution = {
      requirement: 'REQUIRED',
      priority: 10,
      authenticator: 'auth-otp-form',
      authenticatorFlow: false,
    }
    const flow = { alias: 'mine', providerId: 'basic-flow', topLevel: true, builtIn: false }
    const authenticationFlows = [{ ...flow, authenticationExecutions: [execution] }]
    const fields = { enabled: true, authenticationFlows, browserFlow: 'mine' }
    expect(await subject.keycloak.createRealm('flows', fields, signal)).toBe('created')
    const { bootstrap } = await subject.tokens()
    const [, found] = await subject.call('GET', '/admin/realms/flows/authentication/flows/mine/executions', bootstrap)
    expect(found).toMatchObject([{ providerId: 'auth-otp-form', requirement: 'REQUIRED', level: 0 }])
    expect((await subject.call('GET', '/admin/realms/flows', bootstrap))[1]).toMatchObject({ browserFlow: 'mine' })
    await subject.keycloak.deleteRealm('flows', signal)
  })
}

/** Components and identity providers. */
export function settingsTests(subject: Subject): void {
  test('a component is made, renamed and gone, and keeps of its settings those that its kind has', async () => {
    const config = { priority: ['-5'], active: ['false'] }
    await subject.admin.createComponent({ name: 'spare', providerId: 'rsa-generated', providerType: keyType, config })
    const find = async (name: string) => (await subject.admin.components()).find((one) => one.name === name)
    const made = await find('spare')
    expect(made).toMatchObject({ providerId: 'rsa-generated', providerType: keyType, config })
    const id = made?.id ?? ''
    await subject.admin.updateComponent(id, { ...made, name: 'spare 2', config: { priority: ['-6'] } })
    expect(await find('spare 2')).toMatchObject({ id, config: { priority: ['-6'], active: ['false'] } })
    await subject.admin.deleteComponent(id)
    expect(await find('spare 2')).toBeUndefined()
    await subject.admin.deleteComponent(id)
  })

  test('an identity provider is made, changed and gone, and shows no secret', async () => {
    await subject.admin.createIdentityProvider(corp)
    const find = async () => (await subject.admin.identityProviders()).find(({ alias }) => alias === 'corp')
    const hidden = { ...corp.config, clientSecret: '**********' }
    expect(await find()).toMatchObject({ ...corp, config: hidden, mappers: 0 })
    await expect(subject.admin.createIdentityProvider(corp)).rejects.toThrow('409')
    await subject.admin.updateIdentityProvider('corp', { ...corp, displayName: 'Corp 2', trustEmail: true })
    expect(await find()).toMatchObject({ displayName: 'Corp 2', trustEmail: true, config: hidden })
    await subject.admin.removeProviderMappers('corp')
    await subject.admin.deleteIdentityProvider('corp')
    expect(await find()).toBeUndefined()
    await subject.admin.deleteIdentityProvider('corp')
  })
}
