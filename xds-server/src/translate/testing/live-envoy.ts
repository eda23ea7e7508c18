// A real Envoy that gets its configuration the way it does in production: all of it by delta ADS and SDS.
import type { CertificateFiles } from '@bulkhead/xds'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { request as httpRequest } from 'node:http'
import type { RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A program that `make tools` has put here; without it a test fails, for a test that is left out proves nothing. */
export function toolFile(name: string): string {
  const file = fileURLToPath(new URL(`../../../../.tools/bin/${name}`, import.meta.url))
  if (!existsSync(file)) throw new Error(`Cannot find "${file}": run make tools`)
  return file
}

export interface Surroundings {
  readonly controlPlane: { readonly port: number; readonly certificates: CertificateFiles }
  readonly policy: number
  readonly limits: number
}

export interface LiveEnvoy {
  readonly pid: number
  /** Waits until the admin endpoint says so; throws with Envoy's log when it never does. */
  waitUntil(path: string, isSo: (body: string) => boolean): Promise<string>
  log(): Promise<string>
  stop(): Promise<void>
}

const grpcCluster = (name: string, port: number) => ({
  name,
  type: 'STATIC',
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
  load_assignment: {
    cluster_name: name,
    endpoints: [
      { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] },
    ],
  },
})

const ads = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' }

function tls({ certFile, keyFile, clientCaFile }: CertificateFiles) {
  return {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: 'localhost',
      common_tls_context: {
        tls_certificates: [{ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } }],
        validation_context: { trusted_ca: { filename: clientCaFile } },
      },
    },
  }
}

function bootstrap(folder: string, { controlPlane, policy, limits }: Surroundings): unknown {
  return {
    node: { id: 'envoy-0', cluster: 'shared' },
    cluster_manager: { local_cluster_name: 'fleet' },
    admin: { address: { pipe: { path: join(folder, 'admin.sock') } } },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
      lds_config: ads,
      cds_config: ads,
    },
    static_resources: {
      clusters: [
        { ...grpcCluster('xds', controlPlane.port), transport_socket: tls(controlPlane.certificates) },
        grpcCluster('opa', policy),
        grpcCluster('ratelimit', limits),
        { name: 'fleet', type: 'EDS', eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } } },
      ],
    },
  }
}

export async function startEnvoy(around: Surroundings): Promise<LiveEnvoy> {
  const folder = await mkdtemp(join(tmpdir(), 'translate-envoy-'))
  const config = join(folder, 'bootstrap.json')
  const logFile = join(folder, 'envoy.log')
  await writeFile(config, JSON.stringify(bootstrap(folder, around)))
  const child = spawn(
    toolFile('envoy'),
    [
      '-c',
      config,
      '--log-path',
      logFile,
      '-l',
      'warning',
      '--use-dynamic-base-id',
      '--concurrency',
      '1',
      '--file-flush-interval-msec',
      '50',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const lines: string[] = []
  child.stdout.on('data', (data: Buffer) => lines.push(data.toString()))
  const socket = join(folder, 'admin.sock')
  return {
    pid: child.pid ?? 0,
    log: () => Promise.resolve(lines.join('')),
    waitUntil: async (path, isSo) => {
      for (let tries = 0; tries < 200; tries += 1) {
        const body = await httpGet({ socketPath: socket, path })
        if (body !== undefined && isSo(body)) return body
        await pause(50)
      }
      throw new Error(`Envoy's ${path} never became what it should: ${await readFile(logFile, 'utf8')}`)
    },
    stop: () => endAll([child], folder),
  }
}

/** Ends programs, however they are by now, and removes their folder. */
export async function endAll(children: readonly ChildProcess[], folder: string): Promise<void> {
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
  const ended = running.map((child) => once(child, 'exit'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(ended)
  await rm(folder, { recursive: true, force: true })
}

/** The body of a 200; undefined for any other answer and for none. */
export function httpGet(options: RequestOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = httpRequest({ timeout: 1000, ...options }, (response) => {
      let body = ''
      response.on('data', (data: Buffer) => (body += data.toString()))
      response.on('end', () => resolve(response.statusCode === 200 ? body : undefined))
    })
    call.on('error', () => resolve(undefined))
    call.on('timeout', () => call.destroy())
    call.end()
  })
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export interface Call {
  readonly host: string
  readonly path: string
  readonly serverName?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One request over TLS on a connection of its own. */
export function call(port: number, what: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        servername: what.serverName ?? what.host,
        path: what.path,
        method: what.method ?? 'GET',
        headers: { ...what.headers, host: what.host },
        // The certificate is made for the test and vouches for itself.
        rejectUnauthorized: false,
        agent: false,
      },
      (response) => {
        let body = ''
        response.on('data', (data: Buffer) => (body += data.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
      },
    )
    request.on('error', reject)
    request.end()
  })
}
