import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expectOk } from '../http.ts'
import type { Part } from '../part.ts'
import type { Site } from '../site.ts'
import { opaSocket, pathsOf } from '../site.ts'
import { filledFile } from '../template.ts'
import { versions } from '../tools.ts'

/** The Unix socket of an Envoy's administration. */
export function envoyAdminSocket(dir: string, index: number): string {
  return pathsOf(dir).socket(`envoy-${index}-admin`)
}

/** One Envoy of the fleet; both listen on the same edge port, and the kernel spreads connections over them. */
export function envoyPart(site: Site, index: 0 | 1): Part {
  const at = pathsOf(site.dir)
  const name = `envoy-${index}` as const
  const config = join(at.config, `${name}.json`)
  const adminSocket = envoyAdminSocket(site.dir, index)
  return {
    name,
    version: versions.envoy,
    port: site.ports.edge,
    needs: ['xds-server', 'ratelimit', `opa-${index}`],
    readyTimeoutMs: 60_000,
    stop: { signal: 'SIGTERM', graceMs: 5_000 },
    prepare: async () => {
      await mkdir(at.sockets, { recursive: true, mode: 0o700 })
      await rm(adminSocket, { force: true })
      const filled = await filledFile(join(site.root, 'manifests/envoy/bootstrap.yaml'), placeholders(site, index))
      await writeFile(config, `${JSON.stringify(filled, undefined, 2)}\n`, { mode: 0o600 })
    },
    command: () => ({
      file: site.tools.envoy,
      args: [
        `--config-path`,
        config,
        // Without it two Envoys of one machine take each other for parent and child.
        '--disable-hot-restart',
        '--concurrency',
        '1',
        '--log-level',
        'warning',
      ],
    }),
    probe: (signal) => expectOk({ url: 'http://envoy/ready', socketPath: adminSocket }, signal),
    settle: () => Promise.resolve(),
  }
}

function placeholders(site: Site, index: number): Readonly<Record<string, string>> {
  const at = pathsOf(site.dir)
  return {
    NODE_ID: `envoy-${index}`,
    FLEET: 'shared',
    ADMIN_SOCKET: envoyAdminSocket(site.dir, index),
    XDS_HOST: '127.0.0.1',
    XDS_PORT: String(site.ports.xdsGrpc),
    OPA_SOCKET: opaSocket(site.dir, index),
    RATELIMIT_HOST: '127.0.0.1',
    RATELIMIT_PORT: String(site.ports.ratelimitGrpc),
    CA_FILE: at.certificate('mesh-ca'),
    CERTIFICATE_FILE: at.certificate('envoy'),
    KEY_FILE: at.key('envoy'),
    MAX_HEAP_BYTES: String(1024 * 1_048_576),
    MAX_CONNECTIONS: '10000',
  }
}
