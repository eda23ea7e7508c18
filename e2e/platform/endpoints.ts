import { kubeUrl } from './bootstrap/kubernetes.ts'
import { serverPasswordFile } from './database-server.ts'
import { envoyAdminSocket } from './parts/envoy.ts'
import { keycloakClientId } from './parts/keycloak.ts'
import type { Site } from './site.ts'
import { baseDomain, identityUrl, keycloakUrl, pathsOf } from './site.ts'

/** Where scenarios and people reach a platform; secrets are named by their files. */
export interface Endpoints {
  readonly baseDomain: string
  readonly edgePort: number
  readonly edgeCaFile: string
  readonly kubernetesUrl: string
  readonly kubeconfigs: { readonly admin: string; readonly operator: string; readonly 'xds-server': string }
  /** Where consumers and people meet their realm. */
  readonly identityUrl: string
  /** Keycloak itself, which only the platform reaches. */
  readonly keycloakUrl: string
  readonly keycloakClient: { readonly id: string; readonly secretFile: string }
  readonly postgres: {
    readonly host: string
    readonly port: number
    readonly database: string
    readonly superuser: { readonly user: string; readonly passwordFile: string }
    readonly operator: { readonly user: string; readonly passwordFile: string }
  }
  readonly envoyAdmin: readonly { readonly name: string; readonly socketPath: string }[]
  readonly opa: readonly OpaEndpoint[]
  /** Ports of the backends that stand behind the demo's Tools. */
  readonly backends: { readonly acme: number; readonly globex: number }
  readonly pkiFolder: string
  readonly logFolder: string
}

/** One OPA and the file that its decisions are logged to. */
export interface OpaEndpoint {
  readonly name: string
  readonly logFile: string
}

function superuserOf({ dir, secrets, database: { server } }: Site) {
  if (server === undefined) return { user: 'postgres', passwordFile: secrets.fileOf('postgres-superuser') }
  return { user: server.user, passwordFile: serverPasswordFile(pathsOf(dir).secrets) }
}

/** Derives every address of an instance. */
export function endpointsOf(site: Site): Endpoints {
  const at = pathsOf(site.dir)
  const { ports, secrets, database } = site
  return {
    baseDomain,
    edgePort: ports.edge,
    edgeCaFile: at.certificate('edge-ca'),
    kubernetesUrl: kubeUrl(site),
    kubeconfigs: {
      admin: at.kubeconfig('admin'),
      operator: at.kubeconfig('operator'),
      'xds-server': at.kubeconfig('xds-server'),
    },
    identityUrl: identityUrl(ports),
    keycloakUrl: keycloakUrl(ports),
    keycloakClient: { id: keycloakClientId, secretFile: secrets.fileOf('keycloak-client') },
    postgres: {
      host: '127.0.0.1',
      port: ports.postgres,
      database: database.operator.database,
      superuser: superuserOf(site),
      operator: { user: database.operator.role, passwordFile: secrets.fileOf('postgres-operator') },
    },
    envoyAdmin: [0, 1].map((index) => ({ name: `envoy-${index}`, socketPath: envoyAdminSocket(site.dir, index) })),
    opa: [0, 1].map((index) => ({
      name: `opa-${index}`,
      logFile: at.log(index === 0 ? 'opa-0' : 'opa-1'),
    })),
    backends: { acme: ports.backendAcme, globex: ports.backendGlobex },
    pkiFolder: at.pki,
    logFolder: at.logs,
  }
}
