import { readFileSync } from 'node:fs'
import type { AgentOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { env } from 'node:process'
import { parse } from 'yaml'
import { z } from 'zod'

/** Where the API server is and who we are. */
export type KubeAccess = { readonly kubeconfigPath: string } | { readonly inCluster: true }

/** What a connection is made with. */
export type TlsFields = Readonly<Pick<AgentOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>>

export interface Plugin {
  readonly command: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
}

/** The API server and ourselves, as the files say now. */
export interface KubeTarget {
  readonly server: URL
  readonly tls: TlsFields
  readonly headers: Readonly<Record<string, string>>
  /** A program that says who we are, where the files do not. */
  readonly plugin: Plugin | undefined
}

const text = z.string().optional()
const cluster = z.object({
  server: z.string(),
  ...{ 'certificate-authority': text, 'certificate-authority-data': text, 'tls-server-name': text, 'proxy-url': text },
  'insecure-skip-tls-verify': z.boolean().default(false),
})
const plugin = z.object({
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
})
const user = z.object({
  ...{ 'client-certificate': text, 'client-certificate-data': text, 'client-key': text, 'client-key-data': text },
  ...{ token: text, tokenFile: text, username: text, password: text, as: text },
  ...{ exec: plugin.nullish(), 'auth-provider': z.unknown().optional() },
})
type User = z.infer<typeof user>
const kubeconfig = z.object({
  clusters: z.array(z.object({ name: z.string(), cluster })),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  users: z.array(z.object({ name: z.string(), user: user.nullish() })),
  'current-context': z.string(),
})

/** Reads the kubeconfig, or the Pod's own account; throws when it names no API server that we can reach. */
export function readTarget(access: KubeAccess): KubeTarget {
  if ('inCluster' in access) return readAccount()
  const { kubeconfigPath } = access
  try {
    const parsed = kubeconfig.safeParse(parse(readFileSync(kubeconfigPath, 'utf8')))
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error))
    return targetIn(parsed.data, dirname(kubeconfigPath))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`Cannot use the kubeconfig "${kubeconfigPath}": ${why}`, { cause: error })
  }
}

type Config = z.infer<typeof kubeconfig>

function targetIn(config: Config, folder: string): KubeTarget {
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context
  const to = clusterNamed(config, context?.cluster)
  const who = config.users.find(({ name }) => name === context?.user)?.user ?? {}
  const read = (file: string | undefined, data: string | undefined): Buffer | undefined => {
    if (file !== undefined) return readFileSync(resolve(folder, file))
    return data === undefined ? undefined : Buffer.from(data, 'base64')
  }
  return {
    server: new URL(to.server),
    tls: {
      ca: read(to['certificate-authority'], to['certificate-authority-data']),
      cert: read(who['client-certificate'], who['client-certificate-data']),
      key: read(who['client-key'], who['client-key-data']),
      servername: to['tls-server-name'],
      ...(to['insecure-skip-tls-verify'] ? { rejectUnauthorized: false } : {}),
    },
    headers: headersOf(who, folder),
    plugin: pluginOf(who),
  }
}

function clusterNamed({ clusters }: Config, wanted: string | undefined): z.infer<typeof cluster> {
  const found = clusters.find(({ name }) => name === wanted)?.cluster
  if (found === undefined || !URL.canParse(found.server)) {
    throw new Error('its current context names no cluster with a server URL')
  }
  // Our own agents would silently go around a proxy.
  if (isGiven(found['proxy-url'])) throw new Error('a proxy-url is not supported')
  // Whoever reads along would have our credentials.
  const isSafe = new URL(found.server).protocol === 'https:' || found['insecure-skip-tls-verify']
  if (!isSafe) throw new Error(`"${found.server}" is not https`)
  return found
}

function isGiven<T>(value: T): value is NonNullable<T> {
  return value !== undefined && value !== null && value !== ''
}

function pluginOf({ exec, 'auth-provider': provider }: User): Plugin | undefined {
  if (isGiven(provider)) throw new Error('an auth-provider is not supported; use a plugin (exec) in its place')
  return isGiven(exec) ? { command: exec.command, args: exec.args ?? [], env: exec.env ?? [] } : undefined
}

function headersOf({ token, tokenFile, username, password, as }: User, folder: string): Record<string, string> {
  const bearer = tokenFile === undefined ? token : readFileSync(resolve(folder, tokenFile), 'utf8').trim()
  const basic = username === undefined ? undefined : Buffer.from(`${username}:${password ?? ''}`).toString('base64')
  return {
    ...(basic === undefined ? {} : { Authorization: `Basic ${basic}` }),
    ...(bearer === undefined || bearer === '' ? {} : { Authorization: `Bearer ${bearer}` }),
    ...(as === undefined ? {} : { 'Impersonate-User': as }),
  }
}

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

// Kubernetes tells every Pod of its API server in its environment: that is no setting of ours.
function readAccount(): KubeTarget {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (host === undefined || port === undefined) {
    throw new Error('Cannot find the API server: this is no Pod, so it takes a kubeconfig')
  }
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const token = readFileSync(`${accountFolder}/token`, 'utf8').trim()
  const headers = { Authorization: `Bearer ${token}` }
  return { server, tls: { ca: readFileSync(`${accountFolder}/ca.crt`) }, headers, plugin: undefined }
}
