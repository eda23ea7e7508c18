// Who we are and where the API server is. This is the only file that uses the Kubernetes client library: it knows every
// way to authenticate (certificates, tokens that change on disk, exec plugins), and its requests and watches we do not use.
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { AgentOptions, RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

/** Where the API server is and who we are. */
export type KubeAccess = { readonly kubeconfigPath: string } | { readonly inCluster: true }

/** What one request needs to reach the API server as ourselves. */
export interface KubeConnection {
  readonly server: URL
  readonly agent: HttpAgent | HttpsAgent
  readonly headers: Readonly<Record<string, string>>
}

export interface KubeConnector {
  /** Asked before every request, so that a rotated token or certificate is used at once. */
  connect(): Promise<KubeConnection>
  close(): void
}

/** Reads the kubeconfig (or the pod's account); throws when it names no cluster that we can reach. */
export function createConnector(access: KubeAccess): KubeConnector {
  const config = readKubeConfig(access)
  const server = serverOf(config)
  const agents = agentCache(server)
  return {
    connect: async () => {
      const options: RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      return { server, agent: agents.get(options), headers: headersOf(options) }
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
  try {
    config.loadFromFile(access.kubeconfigPath)
  } catch (error) {
    throw new Error(`Cannot read the kubeconfig "${access.kubeconfigPath}": ${textOf(error)}`, { cause: error })
  }
  return config
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
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value)
  if (typeof options.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  return headers
}

// Connections are kept alive and shared until the certificates change; the old agent then lets its requests finish.
function agentCache(server: URL): { get(options: RequestOptions): HttpAgent | HttpsAgent; close(): void } {
  let current: { readonly fingerprint: string; readonly agent: HttpAgent | HttpsAgent } | undefined
  const keepAlive = { keepAlive: true, keepAliveMsecs: 15_000 }
  return {
    get: (options) => {
      const tls = tlsOf(options)
      const fingerprint = JSON.stringify(tls)
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
