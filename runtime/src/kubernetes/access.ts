// Who we are and where the API server is: read from files, again every minute and whenever the server does not know us. Of
// the Kubernetes client library this takes the part that runs login plugins; all of it would hold eighty megabytes.
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { RequestOptions } from 'node:https'
import { isDeepStrictEqual } from 'node:util'
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js'
import type { Clock } from '../clock.ts'
import { readTarget } from './kubeconfig.ts'
import type { KubeAccess, KubeTarget, Plugin, TlsFields } from './kubeconfig.ts'

/** What one request needs to reach the API server as ourselves. */
export interface KubeConnection {
  readonly server: URL
  readonly agent: HttpAgent | HttpsAgent
  readonly headers: Readonly<Record<string, string>>
}

export interface KubeConnector {
  /** Asked before every request. */
  connect(): Promise<KubeConnection>
  /** Reads everything again: after the server did not know us. Says whether that makes us somebody else. */
  refresh(): Promise<boolean>
  close(): void
}

// As long as other clients of Kubernetes go on with a token before they look whether there is a new one.
const rereadMs = 60_000

/** Reads the kubeconfig (or the Pod's account); throws when it names no API server that we can reach. */
export function createConnector(access: KubeAccess, clock: Pick<Clock, 'now'>): KubeConnector {
  const agents = agentCache()
  let target = readTarget(access)
  let login = createPluginLogin()
  let readMs = clock.now()
  const read = (): void => {
    readMs = clock.now()
    try {
      target = readTarget(access)
    } catch {
      // Somebody is writing the file just now: what we know is as good as it was.
    }
  }
  const connect = async (): Promise<KubeConnection> => {
    if (clock.now() - readMs >= rereadMs) read()
    const { server, plugin } = target
    const { tls, headers } = plugin === undefined ? target : await login(target, plugin)
    return { server, agent: agents.get(server, tls), headers }
  }
  return {
    connect,
    refresh: async () => {
      const before = await connect()
      read()
      login = createPluginLogin()
      const after = await connect()
      return after.agent !== before.agent || JSON.stringify(after.headers) !== JSON.stringify(before.headers)
    },
    close: () => agents.close(),
  }
}

type Identity = Pick<KubeTarget, 'tls' | 'headers'>

// Has a life: it keeps what the plugin said for as long as the plugin says that it may.
function createPluginLogin(): (target: KubeTarget, plugin: Plugin) => Promise<Identity> {
  const login = new ExecAuth()
  return async ({ tls, headers }, { command, args, env }) => {
    const options: RequestOptions = {}
    const exec = { command, args: [...args], env: [...env] }
    await login.applyAuthentication({ name: 'kubeconfig', exec }, options)
    const { cert = tls.cert, key = tls.key } = options
    return { tls: { ...tls, cert, key }, headers: { ...headers, ...tokenIn(options) } }
  }
}

function tokenIn({ headers }: RequestOptions): Record<string, string> {
  const token = headers !== undefined && 'Authorization' in headers ? headers['Authorization'] : undefined
  return typeof token === 'string' ? { Authorization: token } : {}
}

interface Pooled {
  readonly origin: string
  readonly tls: TlsFields
  readonly agent: HttpAgent | HttpsAgent
}

// Connections are kept alive and shared until the certificates change; the old agent then lets its requests finish.
function agentCache(): { get(server: URL, tls: TlsFields): HttpAgent | HttpsAgent; close(): void } {
  let current: Pooled | undefined
  const keepAlive = { keepAlive: true, keepAliveMsecs: 15_000 }
  return {
    get: ({ origin, protocol }, tls) => {
      if (current?.origin === origin && isDeepStrictEqual(current.tls, tls)) return current.agent
      const agent = protocol === 'https:' ? new HttpsAgent({ ...keepAlive, ...tls }) : new HttpAgent(keepAlive)
      current = { origin, tls, agent }
      return agent
    },
    close: () => current?.agent.destroy(),
  }
}
