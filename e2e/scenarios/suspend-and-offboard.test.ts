import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { askForToken } from '../client/tokens.ts'
import { eventually } from '../world/eventually.ts'
import { tenant } from '../world/objects.ts'
import { createOrganisation, publishStandard, waitReady } from '../world/organisation.ts'
import type { Organisation, TenantStatus } from '../world/organisation.ts'
import { openScenario, type Scenario } from './scenario.ts'

// The end of a tenant's life on real parts: shut at once, opened again, and proven gone by the command line.
let scenario: Scenario
let acme: Organisation
/** A folder of this file's own, and in it the one that an export makes. */
const folder = mkdtempSync(join(tmpdir(), 'bulkhead-carried-'))
const carried = join(folder, 'acme')

beforeAll(async () => {
  scenario = await openScenario()
  acme = await createOrganisation(scenario.name('acme'), scenario)
  await publishStandard(acme)
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await scenario.close(acme)
})

const root = resolve(import.meta.dirname, '../..')
const secret = z.object({ data: z.record(z.string(), z.string()) })

/** Logs in as the tenant's role. Everything that is needed for it is read before, so that a login costs nothing else. */
async function loginOf(id: string): Promise<() => Promise<pg.Client>> {
  const read = await scenario.kubectl.read(['get', 'secret', '-n', 'bulkhead-system', `database-${id}`])
  const value = (key: string) => Buffer.from(secret.parse(read).data[key] ?? '', 'base64').toString()
  const address = { host: value('host'), port: Number(value('port')), database: value('database') }
  return async () => {
    const client = new pg.Client({ ...address, user: value('user'), password: value('password') })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
}

test('suspended, every door of a tenant shuts: routes with a reason, tokens, and the database with its sessions', async () => {
  const { clock, kubectl } = scenario
  const { id } = (await acme.status()).status
  const credentials = await acme.credentials('app')
  const token = await acme.token()
  const login = await loginOf(id)
  const session = await login()
  expect((await acme.send({ path: '/orders/1', token })).status).toBe(200)
  expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])

  await kubectl.apply([tenant(acme.name, { suspended: true })])
  const appliedMs = clock.now()
  const shut = async (attempt: () => Promise<void>): Promise<number> => {
    await eventually(attempt)
    return Math.round(clock.now() - appliedMs)
  }
  const [routes, tokens, sessions, logins] = await Promise.all([
    shut(async () => {
      const answer = await acme.send({ path: '/orders/1', token })
      expect([answer.status, answer.body]).toEqual([403, expect.stringContaining('suspended')])
    }),
    shut(async () => expect((await askForToken(scenario.client, credentials)).status).not.toBe(200)),
    shut(() => expect(session.query('SELECT 1')).rejects.toThrow()),
    shut(() => expect(login().then((client) => client.end())).rejects.toThrow('not permitted to log in')),
  ])
  process.stdout.write(
    `suspended, after kubectl apply: routes ${routes} ms, tokens ${tokens} ms, database sessions ${sessions} ms, logins ${logins} ms\n`,
  )
  // Every Envoy, not only the one that answered first.
  const answers = await Promise.all(Array.from({ length: 20 }, () => acme.send({ path: '/orders/1', token })))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]))

  await kubectl.apply([tenant(acme.name, { suspended: false })])
  await waitReady(kubectl, undefined, [`tenant/${acme.name}`])
  const again = await eventually(() => acme.token())
  await eventually(async () => expect((await acme.send({ path: '/orders/1', token: again })).status).toBe(200))
  await (await login()).end()
})

// Rows are carried between files and Postgres alone.
const asksKubernetes = ([, command]: readonly string[]) => command !== 'export' && command !== 'import'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function bulkhead(...words: readonly string[]): Promise<Ended> {
  const config = join(inject('platformDir'), 'config', 'operator.yaml')
  const admin = ['--kubeconfig', scenario.platform.endpoints.kubeconfigs.admin]
  const flags = ['--config', config, ...(asksKubernetes(words) ? admin : [])]
  return new Promise((done) => {
    const args = [join(root, 'cli/src/main.ts'), ...words, ...flags]
    execFile(process.execPath, args, { timeout: 150_000 }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
  })
}

const noted = { actor: 'scenario', action: 'order', detail: { number: 7, note: 'tab\t, line\n, \\ and ü' } }

/** What the tenant's own login reads of what it noted. */
async function notesOf({ status: { id } }: TenantStatus): Promise<readonly unknown[]> {
  const session = await (await loginOf(id))()
  const { rows } = await session.query<typeof noted>('SELECT actor, action, detail FROM audit WHERE actor = $1', [
    noted.actor,
  ])
  await session.end()
  return rows
}

test('the rows of a tenant that serves are carried out', async () => {
  const status = await acme.status()
  const session = await (await loginOf(status.status.id))()
  await session.query('INSERT INTO audit (actor, action, detail) VALUES ($1, $2, $3)', Object.values(noted))
  await session.end()
  expect(await notesOf(status)).toEqual([noted])
  const ended = await bulkhead('tenant', 'export', acme.name, '--out', carried)
  expect(ended.code, ended.stderr).toBe(0)
})

const shown = z.object({ isProven: z.boolean(), places: z.array(z.object({ place: z.string(), state: z.string() })) })

test('S-193 the command line deletes a tenant, proves that nothing is left, and says what is while it lives', async () => {
  const { id } = (await acme.status()).status
  const before = await bulkhead('tenant', 'offboard', acme.name, '--json')
  expect(before.code, before.stderr).toBe(3)
  expect(shown.parse(JSON.parse(before.stdout)).isProven).toBe(false)
  const after = await bulkhead('tenant', 'offboard', acme.name, '--delete', '--json')
  expect(after.code, `${after.stderr}${after.stdout}`).toBe(0)
  const { isProven, places } = shown.parse(JSON.parse(after.stdout))
  expect(isProven).toBe(true)
  expect(places.filter(({ state }) => state !== 'gone' && state !== 'kept')).toEqual([])
  const text = await bulkhead('tenant', 'offboard', acme.name, '--id', id)
  expect(text.stdout).toContain('Proven: nothing is left that should be gone')
  expect((await bulkhead('tenant', 'purge', id, '--yes')).code).toBe(0)
})

test('they come back into a tenant made again under the name, if a person says that it is another', async () => {
  await acme.stop()
  acme = await createOrganisation(acme.name, scenario)
  await publishStandard(acme)
  const status = await acme.status()
  expect(await notesOf(status)).toEqual([])
  const unasked = await bulkhead('tenant', 'import', acme.name, '--from', carried)
  expect(unasked.code, unasked.stderr).toBe(3)
  expect(unasked.stderr).toContain('--as-other')
  expect(await notesOf(status)).toEqual([])
  const asked = await bulkhead('tenant', 'import', acme.name, '--from', carried, '--as-other')
  expect(asked.code, asked.stderr).toBe(0)
  expect(await notesOf(status)).toEqual([noted])
  await eventually(async () =>
    expect((await acme.send({ path: '/orders/1', token: await acme.token() })).status).toBe(200),
  )
})
