// Who we are and where the API server is. This is the only file that uses the Kubernetes client library: it knows every
// way to authenticate (certificates, tokens that change on disk, exec plugins), and its requests and watches we do not use.
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { AgentOptions, RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { z } from 'zod'

/** Where the API server is and who we are. */
export type KubeAccess = { readonly kubeconfigPath: string } | { readonly inCluster: true }

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

/** Reads the kubeconfig (or the pod's account); throws when it names no cluster that we can reach. */
export function createConnector(access: KubeAccess): KubeConnector {
  const agents = agentCache()
  let config = readKubeConfig(access)
  let server = serverOf(config)
  const connect = async (): Promise<KubeConnection> => {
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    return { server, agent: agents.get(server, options), headers: headersOf(options) }
  }
  return {
    connect,
    refresh: async () => {
      const before = await connect()
      try {
        const read = readKubeConfig(access)
        server = serverOf(read)
        config = read
      } catch {
        return false // somebody is writing the file just now: what we know is as good as it was
      }
      const after = await connect()
      return after.agent !== before.agent || JSON.stringify(after.headers) !== JSON.stringify(before.headers)
    },
    close: () => agents.close(),
  }
}

function readKubeConfig(access: KubeAccess): KubeConfig {
  const config = new KubeConfig()
  if ('inCluster' in access) {
    config.loadFromCluster()
    return config
  }
  const { kubeconfigPath } = access
  try {
    config.loadFromFile(kubeconfigPath)
    const files = tokenFilesOf(kubeconfigPath)
    // The library knows such files of a Pod's own account only.
    config.users = config.users.map((user) => {
      const tokenFile = files.get(user.name)
      return tokenFile === undefined ? user : { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } }
    })
  } catch (error) {
    throw new Error(`Cannot read the kubeconfig "${kubeconfigPath}": ${textOf(error)}`, { cause: error })
  }
  return config
}

const usersWithFiles = z.object({
  users: z.array(z.object({ name: z.string(), user: z.object({ tokenFile: z.string().optional() }).nullish() })),
})

// User → where its token stands, for those that have it in a file.
function tokenFilesOf(kubeconfigPath: string): ReadonlyMap<string, string> {
  const parsed = usersWithFiles.safeParse(parse(readFileSync(kubeconfigPath, 'utf8')))
  if (!parsed.success) return new Map()
  return new Map(
    parsed.data.users.flatMap(({ name, user }) =>
      user?.tokenFile === undefined ? [] : [[name, resolve(dirname(kubeconfigPath), user.tokenFile)] as const],
    ),
  )
}

function serverOf(config: KubeConfig): URL {
  const cluster = config.getCurrentCluster()
  if (cluster === null || !URL.canParse(cluster.server)) {
    throw new Error(`Cannot find the API server: the kubeconfig's current context names no cluster with a server URL`)
  }
  // Our own agents would silently go around a proxy.
  if (cluster.proxyUrl !== undefined && cluster.proxyUrl !== '') {
    throw new Error(`Cannot reach the API server "${cluster.server}": a proxy-url in the kubeconfig is not supported`)
  }
  return new URL(cluster.server)
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim()
  if (typeof options.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  return headers
}

// Connections are kept alive and shared until the certificates change; the old agent then lets its requests finish.
function agentCache(): { get(server: URL, options: RequestOptions): HttpAgent | HttpsAgent; close(): void } {
  let current: { readonly fingerprint: string; readonly agent: HttpAgent | HttpsAgent } | undefined
  const keepAlive = { keepAlive: true, keepAliveMsecs: 15_000 }
  return {
    get: (server, options) => {
      const tls = tlsOf(options)
      const fingerprint = JSON.stringify([server.origin, tls])
      if (current?.fingerprint === fingerprint) return current.agent
      const agent = server.protocol === 'https:' ? new HttpsAgent({ ...keepAlive, ...tls }) : new HttpAgent(keepAlive)
      current = { fingerprint, agent }
      return agent
    },
    close: () => current?.agent.destroy(),
  }
}

function tlsOf(options: RequestOptions): AgentOptions {
  const { ca, cert, key, servername, rejectUnauthorized } = options
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
