import { execFile, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTenantDatabase, openDatabase, prepareRegistry } from '@bulkhead/database'
import { startTransferWorld } from '@bulkhead/database/testing-transfers'
import type { TransferWorld } from '@bulkhead/database/testing-transfers'
import { Secret, systemClock } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { exitCodes } from '../command.ts'
import { commands } from '../commands.ts'
import { runCommandLine } from '../run.ts'

// The program itself, as a process of its own, against a Postgres that was started for it.
const root = join(import.meta.dirname, '../../..')
const program = join(root, 'cli/src/main.ts')

let world: TransferWorld
let folder: string

beforeAll(async () => {
  world = await startTransferWorld()
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-cli-'))
  await writeFile(at('password'), `${world.postgres.password}\n`, { mode: 0o600 })
  await writeFile(at('operator.yaml'), JSON.stringify(configWith({})))
})

afterAll(async () => {
  await world.stop()
  await rm(folder, { recursive: true, force: true })
})

const at = (name: string): string => join(folder, name)

function configWith(postgres: object): object {
  const { host, port, database, user } = world.postgres
  return {
    postgres: { host, port, database, user, passwordFile: at('password'), ...postgres },
    keycloak: { url: 'http://k', publicUrl: 'http://k', clientId: 'bootstrap', clientSecretFile: at('password') },
    platform: { systemNamespace: 'bulkhead-system', baseDomain: 'gw.test' },
  }
}

/** The same without a process, which takes a second to start. */
const inProcess = (...given: readonly string[]) => inProcessWith(new EventEmitter(), ...given)

async function inProcessWith(signals: EventEmitter, ...given: readonly string[]) {
  const [out, errors]: [string[], string[]] = [[], []]
  const argv = given.includes('--config') ? given : [...given, '--config', at('operator.yaml')]
  const code = await runCommandLine(commands, {
    ...{ argv, clock: systemClock, readFile: (path) => readFile(path, 'utf8') },
    signals: Object.assign(signals, { exit: () => undefined }),
    print: (text) => void out.push(text),
    printError: (text) => void errors.push(text),
  })
  return { code, out: out.join(''), errors: errors.join('') }
}

function bulkhead(...args: readonly string[]): Promise<{ code: unknown; out: string; errors: string }> {
  return new Promise((resolve) => {
    const given = args.includes('--config') ? args : [...args, '--config', at('operator.yaml')]
    execFile(process.execPath, [program, ...given], (error, out, errors) => {
      resolve({ code: error === null ? 0 : error.code, out, errors })
    })
  })
}

/** The digest of each file of rows; comparing the bytes themselves takes the test's library a minute. */
async function digestsOf(name: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(at(name))).filter((file) => file.endsWith('.copy')).toSorted()
  const digest = async (file: string) => hash('sha256', await readFile(join(at(name), file)))
  return Object.fromEntries(await Promise.all(names.map(async (file) => [file, await digest(file)] as const)))
}

test('20 MB come back out of another tenant as the bytes that went in', async () => {
  const acme = await world.tenant('acme')
  await world.tenant('globex')
  await world.query(`
    INSERT INTO "${acme.schema}".audit (actor, action, detail)
      SELECT 'person ' || n, repeat(E'Zeile \\n ', 20), jsonb_build_object('n', n) FROM generate_series(1, 100000) n`)
  const exported = await bulkhead('tenant', 'export', 'acme', '--out', at('first'))
  expect(exported).toMatchObject({ code: exitCodes.done })
  expect(exported.out).toMatch(/^Exported "acme" \(id [a-z2-7]{13}\) as of .*: 4 tables, 100000 rows, 2\d MB, in /)
  expect((await stat(join(at('first'), 'audit.copy'))).size).toBeGreaterThan(20_000_000)

  const foreign = await inProcess('tenant', 'import', 'globex', '--from', at('first'))
  expect(foreign).toMatchObject({ code: exitCodes.refused, out: '' })
  expect(foreign.errors).toMatch(/^Cannot import into "globex": the export is of the Tenant "acme"/m)

  const imported = await bulkhead('tenant', 'import', 'globex', '--from', at('first'), '--as-other')
  expect(imported).toMatchObject({ code: exitCodes.done })
  expect(imported.out).toMatch(/^Imported 4 tables, 100000 rows, 2\d MB into "globex"/)
  const again = await inProcess('tenant', 'import', 'globex', '--from', at('first'), '--as-other')
  expect([again.code, again.errors]).toEqual([exitCodes.refused, expect.stringContaining('with --replace')])

  expect(await inProcess('tenant', 'export', 'globex', '--out', at('second'))).toMatchObject({ code: 0 })
  expect(await digestsOf('second')).toEqual(await digestsOf('first'))
})

test('Ctrl-C ends an export that waits, and leaves neither a folder nor a session', async () => {
  const tenant = await world.tenant('waiting')
  const sessions = (waiting: string) => () =>
    world.query(
      `SELECT FROM pg_stat_activity WHERE application_name = 'bulkhead-cli' AND datname = current_database() ${waiting}`,
    )
  await world.whileLocked(tenant, 'audit', async () => {
    const args = ['tenant', 'export', 'waiting', '--out', at('interrupted'), '--config', at('operator.yaml')]
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    const errors: Buffer[] = []
    child.stderr.on('data', (text: Buffer) => errors.push(text))
    const ended = new Promise((resolve) => child.once('close', resolve))
    await expect.poll(sessions(`AND wait_event_type = 'Lock'`), { timeout: 60_000 }).toHaveLength(1)
    child.kill('SIGINT')
    expect(await ended).toBe(exitCodes.interrupted)
    expect(Buffer.concat(errors).toString()).toContain('Interrupted: no export was written')
    await expect.poll(sessions(''), { timeout: 10_000, interval: 20 }).toEqual([])
  })
  expect((await readdir(folder)).filter((name) => name.startsWith('interrupted'))).toEqual([])
})

test('Ctrl-C ends a command too that waits for a Postgres that says nothing', async () => {
  const signals = new EventEmitter()
  let isGivenUp = false
  const silent = createServer((socket) => {
    socket.once('close', () => (isGivenUp = true))
    signals.emit('SIGINT')
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = z.object({ port: z.number() }).parse(silent.address())
  await writeFile(at('silent.yaml'), JSON.stringify(configWith({ port })))
  const words = ['tenant', 'export', 'acme', '--out', at('never'), '--config', at('silent.yaml')]
  expect(await inProcessWith(signals, ...words)).toMatchObject({ code: exitCodes.interrupted, out: '' })
  // The connection's own time limit, ten seconds, is not what ended it.
  expect(isGivenUp).toBe(false)
  silent.close()
})

test('what a deleted tenant left is exported by its name, and nothing is imported into it', async () => {
  const tenant = await world.tenant('deleted')
  await world.query(`INSERT INTO "${tenant.schema}".audit (actor, action) VALUES ('a', 'b')`)
  await world.retain('deleted')
  const { code, out, errors } = await inProcess('tenant', 'export', 'deleted', '--out', at('left'))
  expect([code, out]).toEqual([0, expect.stringContaining('4 tables, 1 rows')])
  expect(errors).toContain('The Tenant "deleted" is gone: these are the rows that it left')
  const back = await inProcess('tenant', 'import', 'deleted', '--from', at('left'))
  expect([back.code, back.errors]).toEqual([exitCodes.refused, expect.stringContaining('the Tenant is gone')])
})

test('rows are carried from and to the Postgres that the tenant was placed on', async () => {
  const [tenant, signal] = [await world.tenant('placed'), AbortSignal.timeout(60_000)]
  const database = await world.postgres.createDatabase('second')
  const second = openDatabase({ ...world.options, database })
  await prepareRegistry(second, database, signal)
  const settings = { canLogin: true, connectionLimit: 5, password: new Secret('a-password') }
  await createTenantDatabase(second, database).prepare(tenant, settings, signal)
  await second.close()
  await world.postgres.query(`INSERT INTO "${tenant.schema}".audit (actor, action) VALUES ('a', 'b')`, database)
  await world.query(`UPDATE public.tenants SET database_shard = 'second' WHERE name = 'placed'`)
  const { host, port, user } = world.postgres
  const shard = { name: 'second', host, port, user, database, passwordFile: at('password') }
  await writeFile(at('sharded.yaml'), JSON.stringify(configWith({ shards: [shard] })))
  const out = ['tenant', 'export', 'placed', '--out']
  const exported = await inProcess(...out, at('placed'), '--config', at('sharded.yaml'))
  expect(exported.out).toContain('4 tables, 1 rows')
  const back = ['tenant', 'import', 'placed', '--from', at('placed'), '--replace', '--config', at('sharded.yaml')]
  expect((await inProcess(...back)).out).toContain('4 tables, 1 rows')
  const { code, errors } = await inProcess(...out, at('never'))
  expect([code, errors]).toEqual([exitCodes.refused, expect.stringContaining('add it under postgres.shards')])
})

test.each([
  ['a tenant that nobody knows', ['tenant', 'export', 'nobody'], exitCodes.refused, 'knows no tenant "nobody"'],
  ['S-161 a name that no tenant can have', ['tenant', 'export', '../acme'], exitCodes.usage, `as a tenant's name`],
  ['no name', ['tenant', 'export'], exitCodes.usage, 'want NAME; usage: bulkhead tenant export NAME --out DIR'],
  ['a command that there is not', ['tenant', 'exprot'], exitCodes.usage, 'Unknown command "tenant exprot"'],
])('%s is told in one line, with the exit code that goes with it', async (_title, args, code, words) => {
  const ended = await inProcess(...args, '--out', at('never'))
  expect([ended.code, ended.out]).toEqual([code, ''])
  expect(ended.errors).toContain(words)
  expect(await readdir(folder)).not.toContain('never')
})

test.each([
  ['no port', { port: 0 }, exitCodes.usage, /bulkhead cannot start with .*\n.*postgres.port/],
  ['no password', { passwordFile: '/no/where' }, exitCodes.usage, /"postgres.passwordFile" with "\/no/],
  ['a wrong user', { user: 'bulkhead_other' }, exitCodes.fault, /password authentication failed/],
  ['no Postgres', { port: 1 }, exitCodes.fault, /Cannot read the registry at 127.0.0.1:1.*ECONNREFUSED/],
  ['another database', { database: 'nowhere' }, exitCodes.fault, /database "nowhere".*does not exist/],
])('%s in the configuration is told with what to mend', async (_title, postgres, code, words) => {
  await writeFile(at('wrong.yaml'), JSON.stringify(configWith(postgres)))
  const ended = await inProcess('tenant', 'export', 'acme', '--out', at('never'), '--config', at('wrong.yaml'))
  expect(ended.errors).toMatch(words)
  expect(ended).toMatchObject({ code, out: '' })
})

test('a configuration that is not there is named', async () => {
  const { code, errors } = await inProcess('tenant', 'export', 'acme', '--out', at('never'), '--config', at('absent'))
  expect([code, errors]).toEqual([exitCodes.usage, expect.stringMatching(/Cannot read the file ".*absent" of flag/)])
})

test('npx finds the program, and its help says how each command is called', async () => {
  const npx = promisify(execFile)
  const { stdout } = await npx('npx', ['--no-install', 'bulkhead', 'tenant', 'export', '--help'], { cwd: root })
  expect(stdout).toContain('Usage: bulkhead tenant export NAME --out DIR [--id ID] --config FILE')
})
