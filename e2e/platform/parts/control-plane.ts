import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeFlags } from '@bulkhead/runtime'
import { stringify } from 'yaml'
import { systemNamespace } from '../bootstrap/kubernetes.ts'
import { expectOk } from '../http.ts'
import type { Part, PartName } from '../part.ts'
import type { Site } from '../site.ts'
import { baseDomain, identityUrl, keycloakUrl, pathsOf } from '../site.ts'
import { versions } from '../tools.ts'
import { keycloakClientId } from './keycloak.ts'

// Small enough that a scenario reaches every limit with the load of one laptop.
const capacityRequestsPerSecond = 1_000
const defaultRequestsPerSecond = { guaranteed: 50, ceiling: 200 }

interface OwnProcess {
  readonly name: 'operator' | 'xds-server'
  readonly needs: readonly PartName[]
  readonly httpPort: number
  readonly config: unknown
  readonly nodeFlags?: readonly string[]
}

function ownPart(site: Site, own: OwnProcess): Part {
  const config = join(pathsOf(site.dir).config, `${own.name}.yaml`)
  return {
    name: own.name,
    version: versions.own,
    port: own.httpPort,
    needs: own.needs,
    readyTimeoutMs: 60_000,
    stop: { signal: 'SIGTERM', graceMs: 10_000 },
    prepare: async () => {
      await writeFile(config, stringify(own.config), { mode: 0o600 })
    },
    command: () => ({
      file: site.tools.node,
      args: [...(own.nodeFlags ?? []), join(site.root, own.name, 'src', 'main.ts'), '--config', config],
      cwd: site.root,
      env: { NODE_ENV: 'production' },
    }),
    probe: (signal) => expectOk({ url: `http://127.0.0.1:${own.httpPort}/readyz` }, signal),
    settle: () => Promise.resolve(),
  }
}

/** The operator with an account of its own in every system it writes to. */
export function operatorPart(site: Site): Part {
  const config = {
    kubernetes: { kubeconfig: pathsOf(site.dir).kubeconfig('operator') },
    keycloak: {
      url: keycloakUrl(site.ports),
      publicUrl: identityUrl(site.ports),
      adminUrl: keycloakUrl(site.ports),
      clientId: keycloakClientId,
      clientSecretFile: site.secrets.fileOf('keycloak-client'),
    },
    postgres: {
      host: '127.0.0.1',
      port: site.ports.postgres,
      database: site.database.operator.database,
      user: site.database.operator.role,
      passwordFile: site.secrets.fileOf('postgres-operator'),
    },
    platform: {
      baseDomain,
      systemNamespace,
      capacityRequestsPerSecond,
      quarantineSeconds: 30,
      dataPlaneNamespace: systemNamespace,
      defaultRequestsPerSecond,
    },
    // Issuers that tenants bring are processes of this machine, and nobody wants to wait a minute for a rotation here.
    egress: { allowedCidrs: ['127.0.0.0/8'], caFile: pathsOf(site.dir).certificate('issuer-ca') },
    jwks: { pollSeconds: 2 },
    resyncSeconds: 60,
    http: { host: '127.0.0.1', port: site.ports.operator },
    logLevel: 'info',
  }
  const needs = ['kube-apiserver', 'keycloak', 'postgres'] as const
  return ownPart(site, { name: 'operator', needs, httpPort: site.ports.operator, config, nodeFlags })
}

/** The xds-server, which Envoys and OPAs reach with the certificates of their fleet only. */
export function xdsServerPart(site: Site): Part {
  const at = pathsOf(site.dir)
  const mutualTls = {
    certFile: at.certificate('xds-server'),
    keyFile: at.key('xds-server'),
    clientCaFile: at.certificate('mesh-ca'),
  }
  const config = {
    kubernetes: { kubeconfig: at.kubeconfig('xds-server') },
    fleet: 'shared',
    grpc: { host: '127.0.0.1', port: site.ports.xdsGrpc, ...mutualTls },
    bundles: { host: '127.0.0.1', port: site.ports.xdsBundles, ...mutualTls },
    listener: { address: '127.0.0.1', port: site.ports.edge },
    platform: {
      trustedHops: 0,
      capacityRequestsPerSecond,
      // Every caller of a local platform has the same address.
      sourceRequestsPerSecond: 1_000,
      defaultRequestsPerSecond,
      // Here every part shares the cores of one machine; a JVM that starts may take them for longer than the defaults.
      policyTimeoutMs: 2_000,
      rateLimitTimeoutMs: 2_000,
    },
    // Backends are processes of this machine.
    externalBackends: { allowedCidrs: ['127.0.0.0/8'] },
    edgeCertificates: [{ hosts: [`*.${baseDomain}`], certFile: at.certificate('edge'), keyFile: at.key('edge') }],
    identity: {
      // So few that a scenario reaches it with the load of one laptop.
      realmRequestsPerSecond: 10,
      shards: [
        {
          ...{ name: 'default', publicUrl: identityUrl(site.ports) },
          ...{ host: '127.0.0.1', port: site.ports.keycloak },
        },
      ],
    },
    http: { host: '127.0.0.1', port: site.ports.xdsHttp },
    logLevel: 'info',
  }
  return ownPart(site, { name: 'xds-server', needs: ['kube-apiserver'], httpPort: site.ports.xdsHttp, config })
}
