import { kinds } from '@bulkhead/crds'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTenant } from './facts.ts'
import type { ReadTenant } from './facts.ts'
import { secretValue } from './kubernetes/secrets.ts'
import { dyingParts } from './testing/crash.ts'
import type { CrashPoint } from './testing/crash.ts'
import { stepsIn } from './testing/steps.ts'
import type { Steps } from './testing/steps.ts'
import { startWorld } from './testing/world.ts'
import type { World } from './testing/world.ts'
import { findSystemSecret } from './walls/system-secrets.ts'
import { reconcileTenant } from './tenant/reconcile.ts'

let world: World
let steps: Steps
beforeAll(async () => {
  world = await startWorld()
  steps = stepsIn(world)
}, 600_000)
afterAll(() => world.stop())

const signal = AbortSignal.timeout(3_600_000)
const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']

async function read(name: string): Promise<ReadTenant> {
  return readTenant(await world.admin.get({ kind: kinds.tenant, name }))
}

async function dieAt(name: string, point: CrashPoint): Promise<boolean> {
  const dying = dyingParts(world.parts, point)
  await reconcileTenant(dying.parts, await read(name), undefined, signal).catch(() => undefined)
  return dying.hasDied()
}

// What must hold whatever happened before: the walls stand, and every stored secret opens its lock.
async function expectWhole(name: string): Promise<void> {
  await reconcileTenant(world.parts, await read(name), undefined, signal)
  await steps.tenantWith(name, 'True', walls)
  const { id, realm } = await steps.factsOf(name)
  await (await steps.login(id)).end()
  const stored = await findSystemSecret(world.parts, `realm-${id}`, signal)
  const secret = secretValue(stored, 'client-secret')
  const password = secretValue(stored, 'tenant-admin-password')
  expect(secret !== undefined && (await world.parts.keycloak.enter(realm, secret, signal)).kind).toBe('open')
  expect((await steps.secret(`tenant-${name}`, 'tenant-admin-invitation'))['password']).toBe(password?.reveal())
}

// Finalizer, grants, namespace, secrets, realm, schema, what stands in the namespace, the audience, the status.
const points = Array.from({ length: 17 }, (_, index): CrashPoint => {
  return { atWrite: index + 1, when: index % 2 === 0 ? 'after' : 'before' }
})

test.each(points)(
  'F-31 F-34 a crash $when write $atWrite of a new tenant is made good by the next start',
  async (point) => {
    const name = `crash-${point.atWrite}`
    await steps.createTenant(name)
    expect(await dieAt(name, point)).toBe(true)
    await expectWhole(name)
  },
)

test('F-33 two crashes, one after the other, are made good too', async () => {
  await steps.createTenant('twice')
  await dieAt('twice', { atWrite: 6, when: 'after' })
  await dieAt('twice', { atWrite: 3, when: 'before' })
  await expectWhole('twice')
})

test('D-20 two leaders at once make one tenant', async () => {
  await steps.createTenant('both')
  const tenant = await read('both')
  const reconcile = () => reconcileTenant(world.parts, tenant, undefined, signal).catch(() => undefined)
  await Promise.all([reconcile(), reconcile()])
  await expectWhole('both')
})
