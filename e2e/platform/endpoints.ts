import { kubeUrl } from './bootstrap/kubernetes.ts'
import { baseDomain } from './parts/control-plane.ts'
import { envoyAdminSocket } from './parts/envoy.ts'
import { keycloakClientId } from './parts/keycloak.ts'
import type { Site } from './site.ts'
import { keycloakUrl, pathsOf } from './site.ts'

/** Where scenarios and people reach a platform; secrets are named by their files. */
export interface Endpoints {
  readonly baseDomain: string
  readonly edgePort: number
  readonly edgeCaFile: string
  readonly kubernetesUrl: string
  readonly kubeconfigs: { readonly admin: string; readonly operator: string; readonly 'xds-server': string }
  readonly keycloakUrl: string
  readonly keycloakClient: { readonly id: string; readonly secretFile: string }
  readonly postgres: {
    readonly host: string
    readonly port: number
    readonly database: string
    readonly superuser: { readonly user: string; readonly passwordFile: string }
    readonly operator: { readonly user: string; readonly passwordFile: string }
  }
  readonly redis: { readonly port: number; readonly passwordFile: string }
  readonly ratelimit: { readonly grpcPort: number; readonly httpUrl: string; readonly debugUrl: string }
  readonly operatorUrl: string
  readonly xdsServerUrl: string
  readonly xds: { readonly host: string; readonly grpcPort: number; readonly bundlesPort: number }
  readonly envoyAdmin: readonly { readonly name: string; readonly socketPath: string }[]
  readonly opa: readonly OpaEndpoint[]
  /** Ports of the backends that stand behind the demo's Tools. */
  readonly backends: { readonly acme: number; readonly globex: number }
  readonly pkiFolder: string
  readonly logFolder: string
}

/** One OPA: its full API, its health, the socket it decides on, and the file its decisions are logged to. */
export interface OpaEndpoint {
  readonly name: string
  readonly apiSocketPath: string
  readonly decisionSocketPath: string
  readonly healthUrl: string
  readonly logFile: string
}

/** Derives every address of an instance. */
export function endpointsOf(site: Site): Endpoints {
  const at = pathsOf(site.dir)
  const { ports, secrets } = site
  const local = (port: number): string => `http://127.0.0.1:${port}`
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
    keycloakUrl: keycloakUrl(ports),
    keycloakClient: { id: keycloakClientId, secretFile: secrets.fileOf('keycloak-client') },
    postgres: {
      host: '127.0.0.1',
      port: ports.postgres,
      database: 'bulkhead',
      superuser: { user: 'postgres', passwordFile: secrets.fileOf('postgres-superuser') },
      operator: { user: 'bulkhead_operator', passwordFile: secrets.fileOf('postgres-operator') },
    },
    redis: { port: ports.redis, passwordFile: secrets.fileOf('redis') },
    ratelimit: {
      grpcPort: ports.ratelimitGrpc,
      httpUrl: local(ports.ratelimitHttp),
      debugUrl: local(ports.ratelimitDebug),
    },
    operatorUrl: local(ports.operator),
    xdsServerUrl: local(ports.xdsHttp),
    xds: { host: '127.0.0.1', grpcPort: ports.xdsGrpc, bundlesPort: ports.xdsBundles },
    envoyAdmin: [0, 1].map((index) => ({ name: `envoy-${index}`, socketPath: envoyAdminSocket(site.dir, index) })),
    opa: [0, 1].map((index) => ({
      name: `opa-${index}`,
      apiSocketPath: at.socket(`opa-${index}-api`),
      decisionSocketPath: at.socket(`opa-${index}`),
      healthUrl: `${local(index === 0 ? ports.opa0 : ports.opa1)}/health`,
      logFile: at.log(index === 0 ? 'opa-0' : 'opa-1'),
    })),
    backends: { acme: ports.backendAcme, globex: ports.backendGlobex },
    pkiFolder: at.pki,
    logFolder: at.logs,
  }
}
