import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@bulkhead/runtime/testing'
import type { TestPostgres } from '@bulkhead/database/testing'

export interface TestKeycloak {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  stop(): Promise<void>
}

const installed = join(import.meta.dirname, '..', '..', '..', '.tools', 'keycloak')
const readyTimeoutMs = 180_000

/** Starts a real Keycloak with its data in `postgres`; resolves once it answers. */
export async function startTestKeycloak(postgres: TestPostgres): Promise<TestKeycloak> {
  const home = await mkdtemp(join(tmpdir(), 'bulkhead-keycloak-'))
  await mkdir(join(home, 'data', 'tmp'), { recursive: true })
  const names: readonly string[] = await readdir(installed).catch(() => [])
  if (!names.includes('lib'))
    throw new Error(`Cannot start Keycloak: "${installed}" is missing; run "make tools" first`)
  for (const name of names.filter((one) => one !== 'data')) await symlink(join(installed, name), join(home, name))
  const name = `${postgres.database}_keycloak`
  await postgres.query(`CREATE ROLE ${name} LOGIN PASSWORD 'keycloak'`)
  await postgres.query(`CREATE DATABASE ${name} OWNER ${name}`)
  // Both at once, so that they differ.
  const [port, managementPort] = await Promise.all([freePort(), freePort()])
  const url = `http://127.0.0.1:${port}`
  const [clientId, clientSecret] = ['bulkhead-bootstrap', 'bootstrap-secret']
  const log = join(home, 'keycloak.log')
  const child = spawn('java', javaArguments(home), {
    cwd: home,
    stdio: ['ignore', openSync(log, 'a'), openSync(log, 'a')],
    env: {
      // eslint-disable-next-line no-restricted-syntax -- the JDK is where this machine's PATH finds it
      PATH: process.env['PATH'],
      KC_DB_URL: `jdbc:postgresql://${postgres.host}:${postgres.port}/${name}`,
      ...{ KC_DB_USERNAME: name, KC_DB_PASSWORD: 'keycloak', KC_CACHE: 'local', KC_HOSTNAME: url },
      ...{ KC_HTTP_ENABLED: 'true', KC_HTTP_HOST: '127.0.0.1', KC_HTTP_PORT: String(port) },
      ...{ KC_HTTP_MANAGEMENT_HOST: '127.0.0.1', KC_HTTP_MANAGEMENT_PORT: String(managementPort) },
      ...{ KC_BOOTSTRAP_ADMIN_CLIENT_ID: clientId, KC_BOOTSTRAP_ADMIN_CLIENT_SECRET: clientSecret },
    },
  })
  // Without a JDK on PATH there is no process, and no exit either.
  const state: { fault?: Error } = {}
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (fault) => {
      state.fault = fault
      resolve()
    })
  })
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  const stop = async (): Promise<void> => {
    process.off('exit', killNow)
    child.kill('SIGKILL')
    await exited
    await rm(home, { recursive: true, force: true })
  }
  const deadlineMs = Date.now() + readyTimeoutMs
  while (!(await isReady(`http://127.0.0.1:${managementPort}/health/ready`))) {
    if (Date.now() > deadlineMs || child.exitCode !== null || state.fault !== undefined) {
      const words = state.fault?.message ?? (await readFile(log, 'utf8')).slice(-2000)
      await stop()
      throw new Error(`Cannot start Keycloak; it said:\n${words}`)
    }
    await sleep(200)
  }
  return { url, clientId, clientSecret, stop }
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (answer) => answer.ok,
    () => false,
  )
}

// `kc.sh` would fork the JVM: started directly, the process that we know is the one that has to end.
function javaArguments(home: string): readonly string[] {
  return [
    ...['-Xms256m', '-Xmx1g', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dfile.encoding=UTF-8'],
    ...['java.util', 'java.util.concurrent', 'java.security', 'java.lang'].map(
      (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
    ),
    `-Djava.io.tmpdir=${join(home, 'data', 'tmp')}`,
    '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
    '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
    '-Dpicocli.disable.closures=true',
    `-Dkc.home.dir=${home}`,
    `-Djboss.server.config.dir=${join(home, 'conf')}`,
    ...['-cp', join(home, 'lib', 'quarkus-run.jar'), 'io.quarkus.bootstrap.runner.QuarkusEntryPoint'],
    ...['start', '--optimized'],
  ]
}
