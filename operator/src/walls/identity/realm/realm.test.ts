import { componentRepresentation, executionRepresentation, realmRepresentation } from '@bulkhead/identity'
import { Secret } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { checkTemplate } from '../../../realm-template.ts'
import { sampleTenant, sampleWanted } from '../../../testing/samples.ts'
import { firstKey } from '../keys/components.ts'
import { isFlow, requiredFlow } from './flows.ts'
import { newRealm } from './new-realm.ts'
import { newRegistrationPolicies, registrationDrift, registrationPolicyType } from './registration.ts'
import { realmDrift } from './settings.ts'

const { settings } = sampleWanted().identity
const spec = (realm: object) => ({ spec: { identity: { type: 'Realm', realm } } })

test('the spec decides lifetimes, second factor and passwords', () => {
  const realm = { accessTokenLifetime: '10m', sessionIdleTimeout: '1h', sessionMaxLifetime: '8h', mfa: 'Required' }
  expect(sampleWanted(sampleTenant(spec({ ...realm, passwordMinLength: 20 }))).identity.settings).toMatchObject({
    ...{ accessTokenLifespan: 600, ssoSessionIdleTimeout: 3600, ssoSessionMaxLifespan: 28_800 },
    ...{ offlineSessionMaxLifespan: 28_800, browserFlow: 'bulkhead-browser' },
    passwordPolicy: 'length(20) and notUsername(undefined) and notEmail(undefined) and passwordHistory(5)',
  })
})

test('drift is what differs and nothing else, and attributes of others are sent with ours', () => {
  const seen = realmRepresentation.parse({ realm: 'r', ...settings })
  expect(realmDrift(settings, seen)).toBeUndefined()
  expect(realmDrift(settings, { ...seen, failureFactor: 1 })).toEqual({ failureFactor: 10 })
  const { adminEventsExpiration: _gone, ...attributes } = settings.attributes
  expect(realmDrift(settings, { ...seen, attributes: { ...attributes, theirs: 'x' } })).toEqual({
    attributes: { ...settings.attributes, theirs: 'x' },
  })
})

test('what we keep wins over the template', () => {
  const template = { loginTheme: 'acme', attributes: { more: 'x' } }
  const secret = new Secret('s')
  const made = newRealm({ settings, template, secret, adminPassword: secret, signingKey: firstKey(1, '-') })
  expect(made).toMatchObject({ ...settings, loginTheme: 'acme', attributes: { ...settings.attributes, more: 'x' } })
})

test.each<[string, unknown, string]>([
  ['a field that Bulkhead keeps', { sslRequired: 'none' }, '"sslRequired" is kept by Bulkhead and cannot be chosen'],
  ['a field that is none', { clients: [] }, '"clients" is no field of a template'],
  ['a value that is none', { supportedLocales: ['German'] }, 'supportedLocales.0: want a language like en or pt-BR'],
  ['an attribute of ours', { attributes: { 'bulkhead.dev/tenant-uid': 'x' } }, 'attributes: names that begin with'],
])('a template with %s is refused by its name', (_title, template, words) => {
  expect(() => checkTemplate(template)).toThrow(words)
})

test('a template says how realms look', () => {
  const template = { loginTheme: 'acme', smtpServer: { host: 'mail.test' }, resetPasswordAllowed: true }
  expect(checkTemplate(template)).toEqual(template)
  expect(checkTemplate(null)).toEqual({})
})

test('a flow with another step, requirement or order is not ours', () => {
  const rows = [
    { level: 0, requirement: 'ALTERNATIVE', providerId: 'auth-cookie' },
    { level: 0, requirement: 'ALTERNATIVE', providerId: 'identity-provider-redirector' },
    { level: 0, requirement: 'ALTERNATIVE', displayName: 'bulkhead-browser-forms', authenticationFlow: true },
    { level: 1, requirement: 'REQUIRED', providerId: 'auth-username-password-form' },
    { level: 1, requirement: 'REQUIRED', providerId: 'auth-otp-form' },
  ].map((row, index) => executionRepresentation.parse({ id: String(index), ...row }))
  expect(isFlow(requiredFlow, rows)).toBe(true)
  expect(isFlow(requiredFlow, rows.slice(0, 4))).toBe(false)
  expect(isFlow(requiredFlow, rows.toReversed())).toBe(false)
  expect(
    isFlow(
      requiredFlow,
      rows.map((row) => ({ ...row, requirement: 'ALTERNATIVE' })),
    ),
  ).toBe(false)
  expect(isFlow(requiredFlow, undefined)).toBe(false)
})

test('a policy that is gone or trusts somebody is put back', () => {
  const policies = newRegistrationPolicies().map((fields, index) =>
    componentRepresentation.parse({ ...fields, id: `p${index}`, providerType: registrationPolicyType }),
  )
  expect(registrationDrift(policies)).toEqual([])
  expect(registrationDrift(policies.slice(1))).toMatchObject([{ id: undefined, fields: { subType: 'anonymous' } }])
  const trusting = policies.map((one) => ({ ...one, config: { ...one.config, 'trusted-hosts': ['evil.test'] } }))
  expect(registrationDrift(trusting).map(({ id }) => id)).toEqual(['p0', 'p1'])
})
