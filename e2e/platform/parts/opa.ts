import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { expectOk } from '../http.ts'
import type { Part } from '../part.ts'
import type { Site } from '../site.ts'
import { opaSocket, pathsOf } from '../site.ts'
import type { Plain } from '../template.ts'
import { filledFile } from '../template.ts'
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
      await writeFile(config, stringify(await opaConfig(site, index)), { mode: 0o600 })
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

// The shipped file, so that what is masked in production is masked here.
function opaConfig(site: Site, index: number): Promise<Plain> {
  const at = pathsOf(site.dir)
  return filledFile(join(site.root, 'manifests/opa/config.yaml'), {
    OPA_ID: `opa-${index}`,
    FLEET: 'shared',
    BUNDLES_URL: `https://127.0.0.1:${site.ports.xdsBundles}`,
    CA_FILE: at.certificate('mesh-ca'),
    CERT_FILE: at.certificate('opa'),
    KEY_FILE: at.key('opa'),
    SOCKET: opaSocket(site.dir, index),
  })
}
