import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { kinds } from '@bulkhead/crds'
import { Secret, createKubeClient, createMetrics, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeClient, KubeObject, KubeRef, Logger, Metrics, MetricsRegistry } from '@bulkhead/runtime'
import { startTestApiServer } from '@bulkhead/runtime/testing-api-server'
import type { TestApiServer } from '@bulkhead/runtime/testing-api-server'
import { createHttp, createKeycloak } from '@bulkhead/identity'
import type { Keycloak } from '@bulkhead/identity'
import type { BrakeTerms } from '../brake.ts'
import { createOperatorMetrics } from '../metrics.ts'
import type { OperatorMetrics } from '../metrics.ts'
import { openIssuers } from '../issuers.ts'
import type { IssuersOptions } from '../issuers.ts'
import { startOperator } from '../operator.ts'
import {
  createGrantRegistry,
  createPlacementRegistry,
  createRetainedRegistry,
  createTenantDatabase,
  openDatabase,
  prepareRegistry,
  tenantMigrations,
} from '@bulkhead/database'
import type { Database, Migration } from '@bulkhead/database'
import type { Parts } from '../parts.ts'
import { openRollouts } from '../walls/database/rollout.ts'
import { installCrds } from './crds.ts'
import { applyManifests, emergencyGroup, operatorUser, readManifests } from './manifests.ts'
import { startKeycloakDouble, startTestKeycloak } from '@bulkhead/identity/testing'
import type { DoubleOptions, KeycloakDouble, TestKeycloak } from '@bulkhead/identity/testing'
import { startTestPostgres } from '@bulkhead/database/testing'
import type { TestPostgres } from '@bulkhead/database/testing'

/** Every real part that the operator talks to, with our kinds and the account that we ship. */
export interface World {
  readonly api: TestApiServer
  readonly postgres: TestPostgres
  readonly keycloak: TestKeycloak
  /** The same, where it is the double: what was called, and what is there. */
  readonly double: KeycloakDouble | undefined
  readonly metrics: MetricsRegistry
  /** Member of system:masters, and stopped by no policy of ours. */
  readonly admin: KubeClient
  readonly parts: Parts
  /** The parts of one more process, which remembers nothing of what others did. */
  partsOf(process: ProcessParts): Promise<Parts>
  /** Another client of Keycloak, which knows no tokens yet. */
  freshKeycloak(): Keycloak
  /** Starts the operator, as one more process where `own` is given; the answer stops it again. */
  run(resyncMs?: number, brake?: BrakeTerms, own?: Parts): () => Promise<void>
  /** Polls an object until it is as the test wants it. */
  until(ref: KubeRef, isDone: (object: KubeObject | undefined) => boolean, timeoutMs?: number): Promise<KubeObject>
  stop(): Promise<void>
}

/** What a process reaches the others by. */
export interface ProcessParts {
  readonly kubernetes: KubeClient
  /** Where Keycloak is asked; its issuers keep their address. */
  readonly keycloakUrl: string
  readonly database: (database: Database) => Database | Promise<Database>
  /** The history of tenants' schemas in its release, when not the one that is shipped. */
  readonly migrations?: readonly Migration[]
}

export const systemNamespace = 'bulkhead-system'

export interface WorldOptions {
  /** The double is there at once, and is what its contract test says; a real one takes most of the world's minute. */
  readonly keycloak?: 'real' | 'double'
  readonly double?: DoubleOptions
  readonly logger?: Logger
  /** Trusted when the keys of tenants' own issuers are fetched; those may be on loopback here, and are asked every second. */
  readonly issuerCaFile?: string
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { logger = silentLogger } = options
  const postgres = await startTestPostgres()
  const double = options.keycloak === 'double' ? await startKeycloakDouble(options.double) : undefined
  const startKeycloak = async (): Promise<TestKeycloak> => double ?? (await startTestKeycloak(postgres))
  const [api, keycloak] = await Promise.all([startTestApiServer({ user: operatorUser }), startKeycloak()])
  const emergency = await api.kubeconfigFor('root', ['system:masters', emergencyGroup])
  const admin = createKubeClient({ kubeconfigPath: emergency, logger, clock: systemClock })
  await installCrds(admin, Object.values(kinds))
  await api.startControllerManager()
  await applyManifests(admin, await readManifests(['rbac', 'admission']))
  const kubernetes = createKubeClient({ kubeconfigPath: api.kubeconfigPath, logger, clock: systemClock })
  const metrics = createMetrics()
  const operatorMetrics = createOperatorMetrics(metrics)
  const database = await openWorldDatabase(postgres, operatorMetrics)
  const made = { postgres, keycloak, kubernetes, database, operatorMetrics, metrics, logger }
  const parts = await makeParts({ ...made, issuerCaFile: options.issuerCaFile })
  return {
    ...{ api, postgres, keycloak, double, metrics, admin, parts },
    partsOf: async ({ kubernetes: own, keycloakUrl: url, database: wrap, migrations }) => {
      const ownMetrics = createMetrics()
      const memory = { metrics: ownMetrics, operatorMetrics: createOperatorMetrics(ownMetrics) }
      const reached = { kubernetes: own, database: await wrap(database), keycloakUrl: url, migrations }
      return makeParts({ ...made, ...memory, ...reached, issuerCaFile: options.issuerCaFile })
    },
    freshKeycloak: () => openKeycloak(keycloak, operatorMetrics),
    run: (resyncMs = 600_000, brake = { share: 1, minimum: 1000, windowMs: 60_000 }, own = parts) => {
      const stopper = new AbortController()
      const operator = startOperator({
        ...{ parts: own, operatorMetrics, kubernetes, clock: systemClock, logger, metrics, signal: stopper.signal },
        ...{ concurrency: { tenants: 4, subscriptions: 4 }, resyncMs, random: () => 0.5, brake },
      })
      return async () => {
        stopper.abort()
        await operator.stopped
      }
    },
    until: (ref, isDone, timeoutMs) => until(admin, ref, isDone, timeoutMs),
    stop: async () => {
      kubernetes.close()
      admin.close()
      await database.close()
      await keycloak.stop()
      await Promise.all([api.stop(), postgres.stop()])
    },
  }
}

interface Made {
  readonly postgres: TestPostgres
  readonly keycloak: TestKeycloak
  /** Where Keycloak is asked, when not at its own address. */
  readonly keycloakUrl?: string
  /** The history of tenants' schemas, when not the one that is shipped. */
  readonly migrations?: readonly Migration[] | undefined
  readonly kubernetes: KubeClient
  readonly database: Database
  readonly operatorMetrics: OperatorMetrics
  readonly metrics: Metrics
  readonly logger: Logger
  readonly issuerCaFile: string | undefined
}

type Account = Pick<TestKeycloak, 'url' | 'clientId' | 'clientSecret'>

function openKeycloak({ url, clientId, clientSecret }: Account, { keycloak: latency }: OperatorMetrics): Keycloak {
  const http = createHttp({ url, clock: systemClock, latency })
  return createKeycloak({ http, bootstrap: { clientId, clientSecret: new Secret(clientSecret) }, clock: systemClock })
}

async function openWorldDatabase(postgres: TestPostgres, { postgres: latency }: OperatorMetrics): Promise<Database> {
  const { host, port, user, database: name } = postgres
  const password = new Secret(postgres.password)
  const clock = systemClock
  const database = openDatabase({ host, port, user, database: name, password, maxConnections: 8, clock, latency })
  await prepareRegistry(database, name, AbortSignal.timeout(30_000))
  return database
}

async function makeParts(made: Made): Promise<Parts> {
  const { postgres, keycloak, kubernetes, database, operatorMetrics, metrics, logger, issuerCaFile: caFile } = made
  const { host, port, database: name } = postgres
  const { keycloakUrl: url = keycloak.url, migrations = tenantMigrations } = made
  const clock = systemClock
  return {
    ...{ kubernetes, logger, clock },
    keycloak: openKeycloak({ ...keycloak, url }, operatorMetrics),
    registry: createGrantRegistry(database),
    retained: createRetainedRegistry(database),
    databases: createTenantDatabase(database, name, migrations),
    rollouts: await openRollouts(database, {
      ...{ clock, logger, metrics, migrations, soakMs: 0, tickMs: 250, signal: AbortSignal.timeout(30_000) },
    }),
    ...(await openIssuers({ config: issuerConfig(caFile), clock, logger, metrics })),
    placements: {
      identity: createPlacementRegistry(database, 'identity'),
      database: createPlacementRegistry(database, 'database'),
    },
    accountRestored: () => operatorMetrics.accountRestored(),
    settings: {
      identityShards: [{ name: 'default', publicUrl: keycloak.url, maxRealms: 10_000 }],
      realms: {
        ...{ template: {}, keyRotationSeconds: 7_776_000, keyOverlapSeconds: 600 },
        keysLife: { staleAfterMs: 86_400_000, withdrawnAfterMs: 604_800_000 },
      },
      ...{ operatorUser, baseDomain: 'gw.test', systemNamespace, dataPlaneNamespace: 'bulkhead-data' },
      ...{ adminUrl: undefined, reservedHosts: new Set<string>() },
      ...{ publicUrl: keycloak.url, capacityRequestsPerSecond: 1000, quarantineMs: 3_600_000, defaultGuaranteed: 10 },
      passwordMaxAgeMs: 2_592_000_000,
      databaseShards: [{ name: 'default', host, port, database: name, maxSchemas: 10_000 }],
    },
    newSecret: () => new Secret(randomBytes(32).toString('base64url')),
  }
}

function issuerConfig(caFile: string | undefined): IssuersOptions['config'] {
  return {
    egress: { allowedCidrs: ['127.0.0.0/8'], ...(caFile === undefined ? {} : { caFile }) },
    jwks: { pollSeconds: 1, timeoutMs: 2000, concurrency: 16, staleSeconds: 86_400, maxStaleSeconds: 604_800 },
  }
}

async function until(
  admin: KubeClient,
  ref: KubeRef,
  isDone: (object: KubeObject | undefined) => boolean,
  timeoutMs = 90_000,
): Promise<KubeObject> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    const found = await admin.find(ref)
    if (isDone(found)) return found ?? { metadata: { name: ref.name } }
    if (Date.now() > deadlineMs) {
      throw new Error(`${ref.kind.kind} "${ref.name}" stays ${JSON.stringify(found?.['status'])}`)
    }
    await sleep(50)
  }
}
