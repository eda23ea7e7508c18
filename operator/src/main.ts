// The operator's process: makes the clients from the configuration, passes them down, and answers for health.
import { randomBytes } from 'node:crypto'
import {
  Secret,
  createHttpServer,
  createLogger,
  createMetrics,
  healthRoutes,
  runMain,
  systemClock,
} from '@bulkhead/runtime'
import type { KubeClient, Logger, Metrics } from '@bulkhead/runtime'
import { keycloakShards, openKeycloaks, readKeycloakSecrets } from '@bulkhead/identity'
import { z } from 'zod'
import { operatorConfig } from './config.ts'
import type { OperatorConfig } from './config.ts'
import { openDatabaseServers, takeDatabases } from './databases.ts'
import type { DatabasesInTerm } from './databases.ts'
import { selfSubjectReviewKind } from './kubernetes/kinds.ts'
import { createOperatorMetrics } from './metrics.ts'
import type { OperatorMetrics } from './metrics.ts'
import { openIssuers } from './issuers.ts'
import { openCandidacy } from './leading.ts'
import { startOccupancy } from './occupancy.ts'
import { startOperator } from './operator.ts'
import { startStandby } from './standby.ts'
import {
  createGrantRegistry,
  createPlacementRegistry,
  createRetainedRegistry,
  databaseShards,
  readOccupancy,
} from '@bulkhead/database'
import type { Parts } from './parts.ts'
import { readRealmTemplate } from './realm-template.ts'
import type { RealmTemplate } from './walls/identity/realm/template.ts'
import { openRollouts } from './walls/database/rollout.ts'
import { reservedHosts, shardsOf } from './settings.ts'
import type { Settings } from './settings.ts'

const clock = systemClock

async function main(config: OperatorConfig, signal: AbortSignal): Promise<void> {
  const logger = createLogger({ name: 'bulkhead-operator', level: config.logLevel })
  const metrics = createMetrics({ processMetrics: true })
  const operatorMetrics = createOperatorMetrics(metrics)
  const { election, kubernetes, close } = await openCandidacy({
    ...{ kubeconfig: config.kubernetes.kubeconfig, namespace: config.platform.systemNamespace },
    ...{ timings: config.leaderElection, logger, metrics, signal },
  })
  const secrets = await readKeycloakSecrets(config.keycloak)
  const template = await readRealmTemplate(config.identity.realmTemplateFile)
  const servers = await openDatabaseServers(config.postgres, { clock, latency: operatorMetrics.postgres })
  const standby = startStandby({ kubernetes, clock, logger, metrics, signal })
  const check = { name: 'operator', problem: () => standby.problem() }
  const notes = () => ({ leads: election.leads(), leader: election.holder() })
  const server = await createHttpServer({
    ...{ ...config.http, routes: healthRoutes([check], metrics, notes) },
    onFault: (err, path) => logger.error({ err, path }, 'cannot answer over HTTP'),
  })
  logger.info({ port: server.port }, 'operator started')
  const demand = (doing: string): void => election.demand(doing)
  // Postgres may be away when we begin to lead: then another operator may try, and we do again later.
  await election.run(async ({ holder, signal: leading }) => {
    const databases = await takeDatabases(servers, { holder, demand, logger, signal: leading })
    const parts = await makeParts(config, {
      ...{ kubernetes, databases, demand },
      ...{ secrets, template, logger, operatorMetrics, metrics, signal: leading },
    })
    logger.info({ epoch: databases.reign.epoch }, 'operator leads')
    const operator = startOperator({
      ...{ parts, operatorMetrics, kubernetes, clock, logger, metrics, signal: leading, standby },
      concurrency: config.concurrency,
      resyncMs: config.resyncSeconds * 1000,
      brake: { ...config.brake, windowMs: config.brake.windowSeconds * 1000 },
      random: Math.random,
    })
    const endOccupancy = startOccupancy({
      ...{ shards: shardsOf(parts.settings), clock, logger, metrics },
      read: (asked) => readOccupancy(databases.registry, asked),
    })
    await operator.stopped
    await endOccupancy()
  })
  await standby.stopped
  await server.close()
  await servers.close()
  close()
}

interface Made {
  readonly kubernetes: KubeClient
  readonly databases: DatabasesInTerm
  readonly secrets: ReadonlyMap<string, Secret<string>>
  readonly template: RealmTemplate
  readonly logger: Logger
  readonly operatorMetrics: OperatorMetrics
  readonly metrics: Metrics
  /** Throws unless this process leads. */
  readonly demand: (doing: string) => void
  readonly signal: AbortSignal
}

async function makeParts(config: OperatorConfig, made: Made): Promise<Parts> {
  const { kubernetes, databases, secrets, logger, operatorMetrics, metrics, demand, signal } = made
  const { registry, tenants } = databases
  const placements = { identity: createPlacementRegistry(registry, 'identity'), database: databases.placements }
  const latency = operatorMetrics.keycloak
  // A realm's name ends with its tenant's id.
  const placementOf = (realm: string, asked: AbortSignal) => placements.identity.shardOf(realm.slice(-13), asked)
  const calls = { secrets, placementOf, clock, latency, beforeWrite: demand }
  const operatorUser = await whoAmI(kubernetes, signal)
  return {
    ...{ kubernetes, clock, logger },
    keycloak: openKeycloaks(config.keycloak, calls),
    placements,
    registry: createGrantRegistry(registry),
    retained: createRetainedRegistry(registry),
    databases: tenants,
    rollouts: await openRollouts(registry, {
      ...{ clock, logger, metrics, signal },
      soakMs: config.database.waves.soakSeconds * 1000,
    }),
    ...(await openIssuers({ config, clock, logger, metrics })),
    accountRestored: () => operatorMetrics.accountRestored(),
    settings: settingsOf(config, { operatorUser, template: made.template }),
    newSecret: () => new Secret(randomBytes(32).toString('base64url')),
  }
}

function settingsOf(
  { platform, keycloak, postgres, identity, jwks, database: tenantDatabases }: OperatorConfig,
  { operatorUser, template }: { readonly operatorUser: string; readonly template: RealmTemplate },
): Settings {
  return {
    operatorUser,
    baseDomain: platform.baseDomain,
    systemNamespace: platform.systemNamespace,
    dataPlaneNamespace: platform.dataPlaneNamespace,
    publicUrl: keycloak.publicUrl,
    adminUrl: keycloak.adminUrl,
    identityShards: keycloakShards(keycloak).map(({ name, publicUrl, adminUrl, maxRealms }) => ({
      ...{ name, publicUrl, adminUrl, maxRealms },
    })),
    realms: {
      ...{ template, keyRotationSeconds: identity.keyRotationDays * 86_400 },
      keyOverlapSeconds: identity.keyOverlapSeconds,
      keysLife: { staleAfterMs: jwks.staleSeconds * 1000, withdrawnAfterMs: jwks.maxStaleSeconds * 1000 },
    },
    reservedHosts: reservedHosts(
      keycloakShards(keycloak).flatMap(({ publicUrl, adminUrl }) => [publicUrl, adminUrl]),
      platform.reservedHosts,
    ),
    capacityRequestsPerSecond: platform.capacityRequestsPerSecond,
    quarantineMs: platform.quarantineSeconds * 1000,
    defaultGuaranteed: platform.defaultRequestsPerSecond.guaranteed,
    passwordMaxAgeMs: rotationMs(tenantDatabases.passwordRotationDays),
    databaseShards: databaseShards(postgres).map(({ name, host, port, database, maxSchemas }) => ({
      ...{ name, host, port, database, maxSchemas },
    })),
  }
}

function rotationMs(days: number): number | undefined {
  return days === 0 ? undefined : days * 86_400_000
}

const selfReview = z.object({ status: z.object({ userInfo: z.object({ username: z.string().min(1) }) }) })

// The operator binds a role to itself in every tenant's namespace, so it has to know what it is called.
async function whoAmI(kubernetes: KubeClient, signal: AbortSignal): Promise<string> {
  const review = await kubernetes.create(selfSubjectReviewKind, { metadata: { name: '' } }, { signal })
  return selfReview.parse(review).status.userInfo.username
}

await runMain(
  {
    name: 'bulkhead-operator',
    version: '0.1.0',
    description: 'Turns Tenants into namespaces, realms and schemas, and Subscriptions into credentials.',
    schema: operatorConfig,
  },
  main,
)
