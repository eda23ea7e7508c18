import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  readonly leaderElection?: object
  readonly capacityRequestsPerSecond?: number
  readonly resyncSeconds?: number
}

export async function startOperatorProcess(world: World, options: ProcessOptions = {}): Promise<OperatorProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-operator-'))
  const file = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  const { keycloak, postgres, api } = world
  const port = await freePort()
  const config = {
    kubernetes: { kubeconfig: options.kubeconfigPath ?? api.kubeconfigPath },
    leaderElection: options.leaderElection,
    keycloak: {
      ...{ url: options.keycloakUrl ?? keycloak.url, publicUrl: keycloak.url, clientId: keycloak.clientId },
      clientSecretFile: await file('client-secret', `${keycloak.clientSecret}\n`),
    },
    postgres: {
      ...{ host: postgres.host, port: postgres.port, database: postgres.database, user: postgres.user },
      passwordFile: await file('password', `${postgres.password}\n`),
    },
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
  const child = spawn(process.execPath, [main, '--config', await file('config.yaml', JSON.stringify(config))])
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
