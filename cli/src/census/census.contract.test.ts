import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { kinds } from '@bulkhead/crds'
import { startWorld, stepsIn } from '@bulkhead/operator/testing'
import type { Steps, World } from '@bulkhead/operator/testing'
import { freePort } from '@bulkhead/runtime/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCommandLine } from '../testing/command-line.ts'
import type { CommandLine } from '../testing/command-line.ts'
import { orphanReport } from './orphans.ts'
import type { OrphanReport } from './orphans.ts'
import { proof } from './proof.ts'
import type { Place, Proof } from './proof.ts'

// A real API server and Postgres, the Keycloak double, an operator, and the command line beside it. One world for all.
let world: World
let steps: Steps
let bulkhead: CommandLine
let stopOperator = (): Promise<void> => Promise.resolve()
// What becomes of the next deletion of a realm.
let brokenOnce = false
let interruptedOnce = false

beforeAll(async () => {
  world = await startWorld({
    keycloak: 'double',
    double: {
      onCall: ({ method, route }) => {
        if (method !== 'DELETE' || route !== 'DELETE /admin/realms/{realm}') return 'pass'
        if (interruptedOnce) {
          interruptedOnce = false
          bulkhead.interrupt()
          return 'hang'
        }
        if (!brokenOnce) return 'pass'
        brokenOnce = false
        return { status: 503 }
      },
    },
  })
  steps = stepsIn(world)
  bulkhead = await openCommandLine(world)
  stopOperator = world.run()
}, 600_000)

afterAll(async () => {
  await stopOperator()
  await bulkhead.close()
  await world.stop()
})

const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const refOf = (name: string) => ({ kind: kinds.tenant, name })

async function proofOf(words: string, change = {}): Promise<{ code: number; shown: Proof; errors: string }> {
  const { code, out, errors } = await bulkhead.run(`tenant offboard ${words} --json`, change)
  expect(out, errors).not.toBe('')
  return { code, errors, shown: proof.parse(JSON.parse(out)) }
}

async function orphansNow(): Promise<{ code: number; report: OrphanReport }> {
  const { code, out, errors } = await bulkhead.run('tenant orphans --json')
  expect(out, errors).not.toBe('')
  return { code, report: orphanReport.parse(JSON.parse(out)) }
}

const placesIn = ({ places }: Proof, state: Place['state']) =>
  places.filter((one) => one.state === state).map(({ place }) => place)

async function livingTenant(name: string, spec: object = {}): Promise<string> {
  await steps.createTenant(name, { hostnames: [{ host: `api.${name}.example` }], ...spec })
  await steps.tenantWith(name, 'True', walls)
  return (await steps.factsOf(name)).id
}

test('a Tenant that lives is not proven gone, and every place says that it stands', async () => {
  const id = await livingTenant('acme')
  const { code, shown, errors } = await proofOf('acme')
  expect([code, shown.isProven, shown.tenant]).toEqual([3, false, { name: 'acme', id }])
  expect(errors).toContain('Cannot prove that "acme" is gone')
  expect(placesIn(shown, 'left')).toEqual([
    ...['Tenant "acme"', 'Namespace "tenant-acme"', `Secret "realm-${id}"`, `Secret "database-${id}"`],
    ...[`realm "acme-${id}"`, `role "tenant_${id}"`, `schema "tenant_${id}"`, "migrations' ledger"],
    ...['registry: tenants', 'registry: hostnames', 'registry: hostname "acme.gw.test"'],
    'registry: hostname "api.acme.example"',
  ])
  const orphans = await orphansNow()
  expect([orphans.code, orphans.report.orphans]).toEqual([0, []])
})

test('H-04 the roles that we ship are what makes the commands see: a stranger sees nothing of Kubernetes', async () => {
  const kubeconfig = await world.api.kubeconfigFor('stranger', [])
  const { code, out } = await bulkhead.run('tenant orphans --json', { kubernetes: { kubeconfig } })
  const { unseen } = orphanReport.parse(JSON.parse(out))
  expect(code).toBe(3)
  expect(JSON.stringify(unseen)).toMatch(/Namespaces.*Secrets in/s)
})

test('S-193 nothing of a Tenant that lives is purged, by whatever id', async () => {
  const { id } = await steps.factsOf('acme')
  const refused = await bulkhead.run(`tenant purge ${id} --yes`)
  expect(refused).toMatchObject({ code: 3, out: '' })
  expect(refused.errors).toContain('its Tenant exists')
  // One letter off is another id, and of that nothing is known.
  const typo = `${id.slice(0, 12)}${id.endsWith('a') ? 'b' : 'a'}`
  expect(await bulkhead.run(`tenant purge ${typo} --yes`)).toMatchObject({
    code: 0,
    out: `Nothing is left of ${typo}\n`,
  })
  expect((await bulkhead.run('tenant purge acme --yes')).code).toBe(2)
  await steps.tenantWith('acme', 'True', walls)
  await (await steps.login(id)).end()
})

test('a Tenant that is offboarded with its data goes while one waits, and the proof keeps nothing but the quarantine', async () => {
  await steps.changeTenant('acme', { deletionPolicy: 'Delete' })
  const { id } = await steps.factsOf('acme')
  const { code, shown, errors } = await proofOf('acme --delete')
  expect([code, shown.isProven]).toEqual([0, true])
  expect(errors).toContain('Tenant "acme" is being deleted')
  expect(placesIn(shown, 'kept')).toEqual(['registry: hostnames', 'registry: hostname "api.acme.example"'])
  expect(shown.places.find(({ place }) => place.includes('api.acme.example'))?.until).toMatch(/^20\d\d-/)
  // Afterwards the name alone tells nobody which one it was; its id does.
  expect((await bulkhead.run('tenant offboard acme')).errors).toContain('name it with --id')
  expect((await proofOf(`acme --id ${id}`)).shown.isProven).toBe(true)
})

test('S-193 what is retained is proven shut and kept, listed as kept, and goes only by a second step', async () => {
  const id = await livingTenant('globex')
  const { code, shown } = await proofOf('globex --delete')
  expect([code, shown.isProven]).toEqual([0, true])
  expect(placesIn(shown, 'kept')).toContain(`realm "globex-${id}"`)
  const before = await orphansNow()
  expect(before).toMatchObject({ code: 0, report: { isClean: true, orphans: [{ id, name: 'globex', kind: 'kept' }] } })
  expect(before.report.orphans[0]?.found).toContain(`realm "globex-${id}", disabled`)

  const asked = await bulkhead.run(`tenant purge ${id}`)
  expect(asked.code).toBe(3)
  expect(asked.out).toContain('Would delete the realm with its users')
  expect((await orphansNow()).report.orphans).toHaveLength(1)

  // The first one breaks in the middle; the same command removes the rest.
  brokenOnce = true
  expect((await bulkhead.run(`tenant purge ${id} --yes`)).code).toBe(1)
  const broken = await proofOf(`globex --id ${id}`)
  expect([broken.code, broken.shown.isProven]).toEqual([3, false])
  // Ctrl-C says what is true: some of it is gone.
  interruptedOnce = true
  const interrupted = await bulkhead.run(`tenant purge ${id} --yes`)
  expect(interrupted).toMatchObject({ code: 130 })
  expect(interrupted.errors).toContain('Interrupted: what was begun stays begun, and the same command removes the rest')
  const done = await bulkhead.run(`tenant purge ${id} --yes`)
  expect(done.code).toBe(0)
  expect(done.out).toContain('Done: drop the schemas with their rows, and the role, on Postgres "default"')
  expect(done.out).toContain('Proven: nothing')
  expect((await proofOf(`globex --id ${id}`)).shown.isProven).toBe(true)
  expect(await bulkhead.run(`tenant purge ${id} --yes`)).toMatchObject({ code: 0, out: `Nothing is left of ${id}\n` })
  expect(await orphansNow()).toMatchObject({ code: 0, report: { orphans: [] } })
})

test('S-193 what a Tenant took up is not purged, and nobody takes up what is being purged', async () => {
  const [first, second] = [await livingTenant('initech'), await livingTenant('hooli')]
  for (const name of ['initech', 'hooli']) expect((await bulkhead.run(`tenant offboard ${name} --delete`)).code).toBe(0)
  await steps.createTenant('initech', { adopt: { id: first } })
  await steps.tenantWith('initech', 'True', walls)
  const refused = await bulkhead.run(`tenant purge ${first} --yes`)
  expect(refused.code).toBe(3)
  expect(refused.errors).toContain('it was taken up by the Tenant of uid')
  const taken = await proofOf(`initech --id ${first}`)
  expect(taken.shown.isProven).toBe(true)
  expect(taken.shown.places.find(({ place }) => place === 'registry: retained')?.found).toBe('all of it was taken up')
  await (await steps.login((await steps.factsOf('initech')).id)).end()

  brokenOnce = true
  expect((await bulkhead.run(`tenant purge ${second} --yes`)).code).toBe(1)
  await steps.createTenant('hooli', { adopt: { id: second } })
  await steps.tenantWith('hooli', 'True', ['Stalled'])
  expect((await bulkhead.run(`tenant purge ${second} --yes`)).code).toBe(0)
})

test('S-191 what a Tenant left that was torn out by force is found and goes whole', async () => {
  const id = await livingTenant('wayne')
  await stopOperator()
  await world.admin.patch(refOf('wayne'), { type: 'merge', body: { metadata: { finalizers: null } } })
  await world.admin.delete(refOf('wayne'))
  const { code, report } = await orphansNow()
  expect([code, report.isClean, report.unseen]).toEqual([3, false, []])
  expect(report.orphans.find((one) => one.id === id)).toMatchObject({
    ...{ name: 'wayne', kind: 'lost' },
    found: expect.arrayContaining([
      ...[`role "tenant_${id}"`, `schema "tenant_${id}"`, 'Namespace "tenant-wayne"', `Secret "realm-${id}"`],
      ...['host "wayne.gw.test"', 'host "api.wayne.example"', `realm "wayne-${id}"`],
    ]) as string[],
  })
  // The name alone is enough while the registry knows it.
  expect((await proofOf('wayne')).shown.tenant.id).toBe(id)
  expect((await bulkhead.run(`tenant purge ${id} --yes`)).code).toBe(0)
  expect(await orphansNow()).toMatchObject({ code: 0, report: { isClean: true } })
  stopOperator = world.run()
})

test('F-54 with a dependency away its places are unseen, nothing is proven, and nothing is purged', async () => {
  const id = await livingTenant('umbrella')
  expect((await bulkhead.run('tenant offboard umbrella --delete')).code).toBe(0)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const noKeycloak = await proofOf(`umbrella --id ${id}`, { keycloak: { url } })
  expect([noKeycloak.code, noKeycloak.shown.isProven]).toEqual([3, false])
  expect(placesIn(noKeycloak.shown, 'unseen')).toEqual([`realm "umbrella-${id}"`])
  const noPostgres = await proofOf(`umbrella --id ${id}`, { postgres: { port } })
  expect(noPostgres.code).toBe(3)
  expect(placesIn(noPostgres.shown, 'unseen')).toEqual(
    expect.arrayContaining([`role "tenant_${id}"`, `schema "retained_${id}"`, 'registry: retained']),
  )
  expect(placesIn(noPostgres.shown, 'gone').filter((place) => !place.includes('umbrella"'))).toEqual([])
  const refused = await bulkhead.run(`tenant purge ${id} --yes`, { keycloak: { url } })
  expect(refused.code).toBe(3)
  expect(refused.errors).toContain('the realm cannot be seen')
  expect((await proofOf(`umbrella --id ${id}`)).shown.isProven).toBe(true)
  expect((await bulkhead.run(`tenant purge ${id} --yes`)).code).toBe(0)
})

test('rows that were exported before a Tenant was deleted come back into the one that is made again', async () => {
  const spec = { hostnames: [], deletionPolicy: 'Delete' }
  const asRole = async (id: string, sql: string) => {
    const role = await steps.login(id)
    return role.query<object>(sql).finally(() => role.end())
  }
  const out = join(await mkdtemp(join(tmpdir(), 'bulkhead-rows-')), 'stark')
  await asRole(await livingTenant('stark', spec), `INSERT INTO audit (actor, action) VALUES ('alice', E'one\\ntwo')`)
  expect(await bulkhead.run(`tenant export stark --out ${out}`)).toMatchObject({ code: 0, errors: '' })
  await world.admin.delete(refOf('stark'))
  await steps.gone('stark')
  expect((await bulkhead.run(`tenant import stark --from ${out}`)).errors).toContain('knows no tenant "stark"')

  const id = await livingTenant('stark', spec)
  expect((await bulkhead.run(`tenant import stark --from ${out}`)).errors).toContain('of an earlier Tenant "stark"')
  expect((await bulkhead.run(`tenant import stark --from ${out} --as-other`)).code).toBe(0)
  const { rows } = await asRole(id, 'SELECT id, actor, action FROM audit')
  expect(rows).toEqual([{ id: '1', actor: 'alice', action: 'one\ntwo' }])
  const next = await asRole(id, `INSERT INTO audit (actor, action) VALUES ('bob', 'goes on') RETURNING id`)
  expect(next.rows).toEqual([{ id: '2' }])
  await rm(dirname(out), { recursive: true })
})
