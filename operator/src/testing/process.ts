import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestKeycloak } from '@bulkhead/identity/testing'
import { nodeFlags } from '@bulkhead/runtime'
import { freePort } from '@bulkhead/runtime/testing'
import { systemNamespace } from './world.ts'
import type { World } from './world.ts'

/** The operator as it is shipped: a process with a configuration file. */
export interface OperatorProcess {
  readonly pid: number
  /** `SIGSTOP` and `SIGCONT` hold it and let it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  /** Everything that it wrote so far. */
  output(): string
  /** Status and body of one of its own pages. */
  page(path: string): Promise<{ readonly status: number; readonly text: string }>
  /** Tells it to end; gives its exit code and everything that it wrote. */
  end(): Promise<{ readonly code: number | null; readonly output: string }>
}

export interface ProcessOptions {
  /** The way to the API server, when it is not the direct one. */
  readonly kubeconfigPath?: string
  readonly keycloakUrl?: string
  readonly postgresPort?: number
  readonly leaderElection?: object
  readonly capacityRequestsPerSecond?: number
  readonly resyncSeconds?: number
  readonly maxRealms?: number
  readonly maxSchemas?: number
  readonly keycloakShards?: readonly KeycloakShard[]
  readonly databaseShards?: readonly DatabaseShard[]
}

export interface KeycloakShard {
  readonly name: string
  readonly keycloak: TestKeycloak
  readonly maxRealms: number
}

/** Another database of the world's Postgres. */
export interface DatabaseShard {
  readonly name: string
  readonly database: string
  readonly port: number
  readonly maxSchemas: number
}

export async function startOperatorProcess(world: World, options: ProcessOptions = {}): Promise<OperatorProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-operator-'))
  const file = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  const { api } = world
  const port = await freePort()
  const config = {
    kubernetes: { kubeconfig: options.kubeconfigPath ?? api.kubeconfigPath },
    leaderElection: options.leaderElection,
    keycloak: await keycloakConfig(world, options, file),
    postgres: await postgresConfig(world, options, file),
    platform: {
      ...{ baseDomain: 'gw.test', systemNamespace, quarantineSeconds: 3600 },
      capacityRequestsPerSecond: options.capacityRequestsPerSecond ?? 1000,
      ...{ dataPlaneNamespace: 'bulkhead-data', defaultRequestsPerSecond: { guaranteed: 10, ceiling: 100 } },
    },
    resyncSeconds: options.resyncSeconds ?? 600,
    http: { host: '127.0.0.1', port },
    logLevel: 'info',
  }
  const main = join(import.meta.dirname, '..', 'main.ts')
  const child = spawn(process.execPath, [
    ...nodeFlags,
    main,
    '--config',
    await file('config.yaml', JSON.stringify(config)),
  ])
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return {
    pid: child.pid ?? -1,
    signal: (name) => child.kill(name),
    output: () => output,
    page: async (path) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch((error: unknown) => error)
      if (!(answer instanceof Response)) return { status: 0, text: output }
      return { status: answer.status, text: await answer.text() }
    },
    end: async () => {
      child.kill('SIGTERM')
      const code = await exited
      await rm(folder, { recursive: true, force: true })
      return { code, output }
    },
  }
}

type WriteFile = (name: string, text: string) => Promise<string>

async function keycloakConfig({ keycloak }: World, options: ProcessOptions, file: WriteFile): Promise<object> {
  const { keycloakShards = [], maxRealms, keycloakUrl } = options
  const access = async (one: TestKeycloak, name: string) => ({
    ...{ url: one.url, publicUrl: one.url, clientId: one.clientId },
    clientSecretFile: await file(`client-secret-${name}`, `${one.clientSecret}\n`),
  })
  const shards = keycloakShards.map(async ({ name, keycloak: one, ...rest }) => ({
    ...{ name, ...rest, ...(await access(one, name)) },
  }))
  const first = { ...(await access(keycloak, 'first')), url: keycloakUrl ?? keycloak.url }
  return { ...first, maxRealms, shards: await Promise.all(shards) }
}

async function postgresConfig({ postgres }: World, options: ProcessOptions, file: WriteFile): Promise<object> {
  const { databaseShards = [], maxSchemas, postgresPort: port = postgres.port } = options
  const { host, database, user, password } = postgres
  const access = { host, user, passwordFile: await file('password', `${password}\n`) }
  return { ...access, port, database, maxSchemas, shards: databaseShards.map((one) => ({ ...access, ...one })) }
}
