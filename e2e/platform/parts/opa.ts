import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { expectOk } from '../http.ts'
import type { Part } from '../part.ts'
import type { Site } from '../site.ts'
import { opaSocket, pathsOf } from '../site.ts'
import { versions } from '../tools.ts'

/** The OPA beside one Envoy: it decides on a Unix socket and takes policy and data from the xds-server's bundle. */
export function opaPart(site: Site, index: 0 | 1): Part {
  const at = pathsOf(site.dir)
  const name = `opa-${index}` as const
  const port = index === 0 ? site.ports.opa0 : site.ports.opa1
  const config = join(at.config, `${name}.yaml`)
  const apiSocket = at.socket(`${name}-api`)
  return {
    name,
    version: versions.opa,
    port,
    needs: ['xds-server'],
    readyTimeoutMs: 30_000,
    stop: { signal: 'SIGTERM', graceMs: 5_000 },
    prepare: async () => {
      await mkdir(at.sockets, { recursive: true, mode: 0o700 })
      // A socket that a killed process left behind would refuse the next one.
      await Promise.all([opaSocket(site.dir, index), apiSocket].map((file) => rm(file, { force: true })))
      await writeFile(config, stringify(opaConfig(site, index)), { mode: 0o600 })
    },
    command: () => ({
      file: site.tools.opa,
      args: [
        'run',
        '--server',
        // Its own API could replace policy and data, so it is reached through a socket of ours only.
        `--addr=unix://${apiSocket}`,
        `--diagnostic-addr=127.0.0.1:${port}`,
        `--config-file=${config}`,
        '--log-format=json',
        '--log-level=info',
        '--skip-version-check',
        '--shutdown-grace-period=2',
      ],
      env: { GOMAXPROCS: '2' },
    }),
    probe: (signal) => expectOk({ url: `http://127.0.0.1:${port}/health?bundles` }, signal),
    settle: () => Promise.resolve(),
  }
}

function opaConfig(site: Site, index: number): unknown {
  const at = pathsOf(site.dir)
  return {
    labels: { instance: `opa-${index}` },
    services: {
      bulkhead: {
        url: `https://127.0.0.1:${site.ports.xdsBundles}`,
        headers: { 'x-opa-instance': `opa-${index}` },
        // Longer than a long poll, or every quiet half minute would look like a failure.
        response_header_timeout_seconds: 45,
        tls: { ca_cert: at.certificate('mesh-ca'), system_ca_required: false },
        credentials: { client_tls: { cert: at.certificate('opa'), private_key: at.key('opa') } },
      },
    },
    bundles: {
      bulkhead: {
        service: 'bulkhead',
        resource: '/bundles/shared.tar.gz',
        polling: { min_delay_seconds: 1, max_delay_seconds: 2, long_polling_timeout_seconds: 30 },
      },
    },
    status: { service: 'bulkhead' },
    decision_logs: { console: true },
    plugins: {
      envoy_ext_authz_grpc: {
        addr: `unix://${opaSocket(site.dir, index)}`,
        path: 'bulkhead/authz/decision',
        'dry-run': false,
        'enable-reflection': false,
        'skip-request-body-parse': true,
      },
    },
  }
}
