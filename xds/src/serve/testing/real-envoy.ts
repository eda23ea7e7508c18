// A real Envoy for contract tests: its own folder, free ports on loopback, stopped by its process id.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CertificateFiles } from '../certificates.ts'

// Where `make tools` puts Envoy; without it the tests fail.
const ENVOY_BINARY = fileURLToPath(new URL('../../../../.tools/bin/envoy', import.meta.url))

/** What came back for a request; status 0 means that nobody listened. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
}

/** Asks a port on loopback as if it were a host. */
export function ask(port: number, host: string, path = '/'): Promise<Answer> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
    })
    sent.on('error', () => resolve({ status: 0, headers: {} }))
    sent.end()
  })
}

/** How an Envoy reaches its xDS server. */
export interface XdsAccess {
  readonly port: number
  readonly files: CertificateFiles
  /** GRPC is the state of the world. */
  readonly apiType?: 'DELTA_GRPC' | 'GRPC'
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

function bootstrap(id: string, { port: xdsPort, files, apiType = 'DELTA_GRPC' }: XdsAccess): object {
  const file = (filename: string): object => ({ filename })
  const address = { socket_address: { address: '127.0.0.1', port_value: xdsPort } }
  const ads = { ads: {}, resource_api_version: 'V3' }
  const tls = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    sni: 'localhost',
    common_tls_context: {
      tls_certificates: [{ certificate_chain: file(files.certFile), private_key: file(files.keyFile) }],
      validation_context: {
        trusted_ca: file(files.clientCaFile),
        match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'localhost' } }],
      },
    },
  }
  const http2 = {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  }
  return {
    node: { id, cluster: 'shared' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          connect_timeout: '1s',
          load_assignment: { cluster_name: 'xds', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
          typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2 },
          transport_socket: { name: 'tls', typed_config: tls },
        },
      ],
    },
  }
}

/** An Envoy that was started; it must be stopped. */
export class RealEnvoy {
  readonly #child: ChildProcess
  readonly #adminFile: string
  readonly #log: string[] = []

  constructor(id: string, folder: string, xds: XdsAccess) {
    const config = join(folder, `${id}.json`)
    this.#adminFile = join(folder, `${id}.admin`)
    writeFileSync(config, JSON.stringify(bootstrap(id, xds)))
    const admin = ['--admin-address-path', this.#adminFile]
    const quiet = ['--log-level', 'warning', '--concurrency', '1', '--use-dynamic-base-id']
    this.#child = spawn(ENVOY_BINARY, ['-c', config, ...admin, ...quiet], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr?.on('data', (text: Buffer) => this.#log.push(text.toString()))
  }

  /** What Envoy wrote to its log, for a test that fails. */
  get log(): string {
    return this.#log.join('')
  }

  /** A statistic of Envoy, or undefined while there is none. */
  async stat(name: string): Promise<number | undefined> {
    if (!existsSync(this.#adminFile)) return undefined
    const response = await fetch(`http://${readFileSync(this.#adminFile, 'utf8').trim()}/stats?filter=^${name}$`)
    const line = (await response.text()).trim()
    return line === '' ? undefined : Number(line.split(': ')[1])
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGTERM')
    const late = delay(3_000).then(() => this.#child.kill('SIGKILL'))
    await Promise.race([gone, late])
  }
}
