// The control plane that is shipped, from the store to the stream, in front of any resources.
import type { EncodedResource } from '@bulkhead/envoy'
import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import type { TestAuthority } from '@bulkhead/runtime/testing-certificates'
import { Fleet, startXdsServer } from '@bulkhead/xds'
import type { CertificateFiles } from '@bulkhead/xds'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What is published together, under one name. */
export interface Group {
  readonly name: string
  readonly resources: readonly EncodedResource[]
}

/** A fleet's door on loopback. */
export interface ServedFleet {
  readonly port: number
  /** What an Envoy shows to be let in. */
  readonly certificates: CertificateFiles
  /** How many streams are open, of all kinds. */
  streamCount(): number
  /** Faults of our own. */
  readonly faults: readonly string[]
  stop(): Promise<void>
}

export interface ControlPlane extends Pick<ServedFleet, 'port' | 'certificates' | 'stop'> {
  /** Whether Envoy has taken up, or refused, every group. */
  isSettled(): boolean
  /** Envoy's words for what it refused, and our own faults. */
  refusals(): readonly string[]
}

const envoyId = 'spiffe://bulkhead/fleet/shared/envoy'

export async function startControlPlane(groups: readonly Group[]): Promise<ControlPlane> {
  const fleet = new Fleet()
  for (const { name, resources } of groups) fleet.store.publish(name, resources)
  fleet.store.open()
  const { faults, ...served } = await serveFleet(fleet)
  const outcomes = () => groups.map(({ name }) => fleet.programmed(name))
  return {
    ...served,
    isSettled: () => outcomes().every(({ acked, nacked }) => acked + nacked.length === 1),
    refusals: () => [...faults, ...outcomes().flatMap(({ nacked }) => nacked.map(({ message }) => message))],
  }
}

/** Serves a fleet whatever is published there, and by whom. */
export async function serveFleet(fleet: Fleet): Promise<ServedFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'translate-xds-'))
  const authority = await createTestAuthority()
  const faults: string[] = []
  const server = await startXdsServer({
    host: '127.0.0.1',
    port: 0,
    certificates: await write(join(folder, 'server'), authority, { type: 'dns', value: 'localhost' }),
    identityOf: (id) => (id === envoyId ? { role: 'envoy', fleet: 'shared' } : undefined),
    fleetOf: () => fleet,
    onFault: (fault) => faults.push(String(fault)),
  })
  return {
    port: server.port,
    certificates: await write(join(folder, 'envoy'), authority, { type: 'url', value: envoyId }),
    streamCount: () => server.streamCount,
    faults,
    stop: async () => {
      await server.close(0)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function write(
  path: string,
  authority: TestAuthority,
  name: { readonly type: 'dns' | 'url'; readonly value: string },
): Promise<CertificateFiles> {
  const { cert, key } = await authority.issue({ commonName: 'test', names: [name] })
  const files = { certFile: `${path}.pem`, keyFile: `${path}.key`, clientCaFile: `${path}.ca.pem` }
  await writeFile(files.certFile, cert)
  await writeFile(files.keyFile, key, { mode: 0o600 })
  await writeFile(files.clientCaFile, authority.caCert)
  return files
}
