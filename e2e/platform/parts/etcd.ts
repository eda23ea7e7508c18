import { mkdir } from 'node:fs/promises'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expectOk } from '../http.ts'
import type { Part } from '../part.ts'
import type { Site } from '../site.ts'
import { pathsOf } from '../site.ts'
import { versions } from '../tools.ts'

/** etcd, which answers nobody but the API server: it holds every secret of the cluster. */
export function etcdPart(site: Site): Part {
  const at = pathsOf(site.dir)
  const data = join(at.data, 'etcd')
  const url = `https://127.0.0.1:${site.ports.etcdClient}`
  const peerUrl = `https://127.0.0.1:${site.ports.etcdPeer}`
  const trust = (prefix: string): readonly string[] => [
    `--${prefix}client-cert-auth=true`,
    `--${prefix}trusted-ca-file=${at.certificate('etcd-ca')}`,
    `--${prefix}cert-file=${at.certificate('etcd')}`,
    `--${prefix}key-file=${at.key('etcd')}`,
  ]
  return {
    name: 'etcd',
    version: versions.etcd,
    port: site.ports.etcdClient,
    needs: [],
    readyTimeoutMs: 30_000,
    stop: { signal: 'SIGTERM', graceMs: 10_000 },
    prepare: async () => {
      await mkdir(data, { recursive: true, mode: 0o700 })
    },
    command: () => ({
      file: site.tools.etcd,
      args: [
        '--name=local',
        `--data-dir=${data}`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=local=${peerUrl}`,
        ...trust(''),
        ...trust('peer-'),
        // A test platform's data need not survive a crash of the machine.
        '--unsafe-no-fsync=true',
        '--log-level=warn',
      ],
    }),
    probe: async (signal) => {
      const [ca, cert, key] = await Promise.all(
        [at.certificate('etcd-ca'), at.certificate('etcd-client'), at.key('etcd-client')].map((file) =>
          readFile(file, 'utf8'),
        ),
      )
      await expectOk({ url: `${url}/health`, tls: { ca: ca ?? '', cert: cert ?? '', key: key ?? '' } }, signal)
    },
    settle: () => Promise.resolve(),
  }
}
