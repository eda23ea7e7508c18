import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import type { SiteDatabase } from './database-server.ts'
import type { PartName } from './part.ts'
import type { Ports } from './ports.ts'
import type { Secrets } from './secrets.ts'
import type { Tools } from './tools.ts'

/** One instance: its folder and everything that is chosen once for it. */
export interface Site {
  readonly root: string
  readonly dir: string
  readonly instance: string
  readonly ports: Ports
  readonly tools: Tools
  readonly secrets: Secrets
  readonly database: SiteDatabase
  readonly clock: Clock
  /** The PATH that parts get. */
  readonly path: string
}

// A Unix socket's name has at most 107 bytes; checkouts may lie deeper than that.
const longestSocketName = '/envoy-0-admin.sock'
const maxSocketBytes = 107

/** The folder of an instance's Unix sockets: inside it where the name is short enough, below /tmp where not. */
export function socketFolder(dir: string): string {
  const inside = join(dir, 'sock')
  if (Buffer.byteLength(inside + longestSocketName) <= maxSocketBytes) return inside
  return join(tmpdir(), `bulkhead-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`)
}

/** Where each file of an instance is. */
export const pathsOf = (dir: string) =>
  ({
    state: join(dir, 'state.json'),
    logs: join(dir, 'logs'),
    pki: join(dir, 'pki'),
    secrets: join(dir, 'secrets'),
    config: join(dir, 'config'),
    data: join(dir, 'data'),
    kubeconfigs: join(dir, 'kubeconfig'),
    sockets: socketFolder(dir),
    log: (name: PartName): string => join(dir, 'logs', `${name}.log`),
    certificate: (name: string): string => join(dir, 'pki', `${name}.crt`),
    key: (name: string): string => join(dir, 'pki', `${name}.key`),
    kubeconfig: (name: string): string => join(dir, 'kubeconfig', `${name}.yaml`),
    socket: (name: string): string => join(socketFolder(dir), `${name}.sock`),
  }) as const

/** The Unix socket on which an Envoy finds the OPA beside it. */
export function opaSocket(dir: string, index: number): string {
  return pathsOf(dir).socket(`opa-${index}`)
}

/** The base domain of every local platform; `.test` never leaves the machine. */
export const baseDomain = 'gw.test'

/** Keycloak's address as tokens and clients name it: through the fleet, on a host that no tenant has. */
export function identityUrl(ports: Ports): string {
  return `https://id.${baseDomain}:${ports.edge}`
}

/** Keycloak's own address, for the operator and for whoever administers it. */
export function keycloakUrl(ports: Ports): string {
  return `http://127.0.0.1:${ports.keycloak}`
}
