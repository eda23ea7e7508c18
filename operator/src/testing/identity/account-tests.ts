import { operatorRoles } from '@bulkhead/identity'
import { Secret } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Parts } from '../../parts.ts'
import { applyIdentityStep } from '../../walls/identity/apply.ts'
import { firstKey } from '../../walls/identity/keys/components.ts'
import { observeIdentity } from '../../walls/identity/observe.ts'
import { newRealm } from '../../walls/identity/realm/new-realm.ts'
import type { IdentitySubject } from './subject.ts'

const signal = AbortSignal.timeout(3_600_000)
const name = 'oscorp'
const objects = z.array(z.looseObject({ id: z.string(), name: z.string().optional() }))
const restoreStep = { wall: 'identity', kind: 'restore-account' } as const

/** Our account in a realm, when somebody took something from it. */
export function accountTests(subject: IdentitySubject): void {
  test.each(operatorRoles)(
    'an account that lost the role %s is restored, and the realm has a trace of it',
    async (role) => {
      await subject.settle({ name })
      const account = await changeRoles(subject, role)
      const at = stage(subject)
      expect((await observeIdentity(at.parts, at.owner, at.wanted, signal)).realm.kind).toBe('locked')
      await applyIdentityStep(at, restoreStep, signal)
      expect((await observeIdentity(at.parts, at.owner, at.wanted, signal)).realm.kind).toBe('open')
      const events = z
        .array(z.looseObject({ resourcePath: z.string().default('') }))
        .parse(await subject.bootstrap('GET', `${at.wanted.realm}/admin-events`))
      expect(events.some(({ resourcePath }) => resourcePath.includes(`users/${account}`))).toBe(true)
    },
  )

  test('an account that may look and not write is restored by the first write, once, and the next try succeeds', async () => {
    await subject.settle({ name })
    await changeRoles(subject, 'manage-realm', 'view-realm')
    const counted = { restored: 0 }
    const at = stage(subject, { accountRestored: () => (counted.restored += 1) })
    expect((await observeIdentity(at.parts, at.owner, at.wanted, signal)).realm.kind).toBe('open')
    const step = { wall: 'identity', kind: 'update-realm', fields: { failureFactor: 10 } } as const
    await expect(applyIdentityStep(at, step, signal)).rejects.toThrow('403')
    expect(counted.restored).toBe(1)
    await applyIdentityStep(at, step, signal)
    expect(counted.restored).toBe(1)
  })

  test('an account that is refused whatever is restored is a fault, so that each try waits for its back-off', async () => {
    await subject.settle({ name })
    const counted = { restored: 0 }
    const keycloak = { ...subject.parts.keycloak, enter: () => Promise.resolve({ kind: 'closed' } as const) }
    const at = stage(subject, { keycloak, accountRestored: () => (counted.restored += 1) })
    await expect(applyIdentityStep(at, restoreStep, signal)).rejects.toThrow('and is refused all the same')
    expect(counted.restored).toBe(1)
  })
}

/** The password that a first admin comes in with. */
export function passwordTests(subject: IdentitySubject): void {
  test('the password of the first admin meets the strictest policy that can be asked for', async () => {
    const kinds = ['digits(4)', 'lowerCase(4)', 'upperCase(4)', 'specialChars(4)']
    const others = ['maxLength(64)', 'notUsername(undefined)', 'notEmail(undefined)', 'passwordHistory(5)']
    const policy = ['length(40)', ...kinds, ...others].join(' and ')
    const { owner, identity } = subject.wantedOf({ name: 'strict' })
    const passwordPolicy = policy as typeof identity.settings.passwordPolicy
    const wanted = { ...identity, settings: { ...identity.settings, passwordPolicy } }
    // At random there may be no digit, no capital and no mark in it.
    const unlucky = new Secret('a'.repeat(43))
    const parts = { ...subject.parts, newSecret: () => unlucky }
    await applyIdentityStep({ parts, owner, wanted }, { wall: 'identity', kind: 'create-realm' }, signal)
    expect(await parts.keycloak.findRealm(wanted.realm, signal)).toMatchObject({ enabled: true, passwordPolicy })
    // The random part alone makes no realm.
    const { settings, template } = wanted
    const signingKey = firstKey(1, '-')
    const weak = newRealm({ settings, template, secret: unlucky, adminPassword: unlucky, signingKey })
    await expect(parts.keycloak.createRealm('weak', weak, signal)).rejects.toThrow('Password policy not met')
  })
}

// With a client of Keycloak that knows no token from before.
function stage(subject: IdentitySubject, more: Partial<Parts> = {}) {
  const { owner, identity: wanted } = subject.wantedOf({ name })
  return { parts: { ...subject.parts, keycloak: subject.world.freshKeycloak(), ...more }, owner, wanted }
}

/** Takes a role from our account, and gives it another; gives the account's id. */
async function changeRoles(subject: IdentitySubject, lost: string, given?: string): Promise<string> {
  const realm = subject.realmOf(name)
  const found = async (path: string) => objects.parse(await subject.bootstrap('GET', `${realm}/${path}`))
  const [management] = await found('clients?clientId=realm-management')
  const [account] = await found('users?username=service-account-bulkhead-operator')
  const mapping = `${realm}/users/${account?.id}/role-mappings/clients/${management?.id}`
  const all = await found(`clients/${management?.id}/roles`)
  await subject.bootstrap(
    'DELETE',
    mapping,
    all.filter((role) => role.name === lost),
  )
  if (given !== undefined)
    await subject.bootstrap(
      'POST',
      mapping,
      all.filter((role) => role.name === given),
    )
  return account?.id ?? ''
}
