import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { kinds } from '@bulkhead/crds'
import { Secret, createKubeClient, createMetrics, isAlreadyExists, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeBody, KubeClient, KubeKind, KubeObject, KubeRef, Logger } from '@bulkhead/runtime'
import { startTestApiServer } from '@bulkhead/runtime/testing-api-server'
import type { TestApiServer } from '@bulkhead/runtime/testing-api-server'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { createHttp, createKeycloak } from '@bulkhead/identity'
import { namespaceKind, rbacGroup, roleBindingKind, roleKind } from '../kubernetes/kinds.ts'
import { createOperatorMetrics } from '../metrics.ts'
import type { OperatorMetrics } from '../metrics.ts'
import { startOperator } from '../operator.ts'
import { createGrantRegistry, createTenantDatabase, openDatabase, prepareRegistry } from '@bulkhead/database'
import type { Parts } from '../parts.ts'
import { installCrds } from './crds.ts'
import { startTestKeycloak } from '@bulkhead/identity/testing'
import type { TestKeycloak } from '@bulkhead/identity/testing'
import { startTestPostgres } from '@bulkhead/database/testing'
import type { TestPostgres } from '@bulkhead/database/testing'

/** Every real part that the operator talks to, with our kinds and the account that we ship. */
export interface World {
  readonly api: TestApiServer
  readonly postgres: TestPostgres
  readonly keycloak: TestKeycloak
  /** Member of system:masters. */
  readonly admin: KubeClient
  readonly parts: Parts
  /** Starts the operator; the answer stops it again. */
  run(resyncMs?: number): () => Promise<void>
  /** Polls an object until it is as the test wants it. */
  until(ref: KubeRef, isDone: (object: KubeObject | undefined) => boolean, timeoutMs?: number): Promise<KubeObject>
  stop(): Promise<void>
}

/** The operator's user, as its kubeconfig names it. */
const operatorUser = 'bulkhead-operator'
export const systemNamespace = 'bulkhead-system'
const manifest = join(import.meta.dirname, '..', '..', '..', 'manifests', 'rbac', 'operator.yaml')

export async function startWorld(logger: Logger = silentLogger): Promise<World> {
  const postgres = await startTestPostgres()
  const [api, keycloak] = await Promise.all([startTestApiServer({ user: operatorUser }), startTestKeycloak(postgres)])
  const admin = createKubeClient({ kubeconfigPath: api.adminKubeconfigPath, logger, clock: systemClock })
  await installCrds(admin, Object.values(kinds))
  await api.startControllerManager()
  await admin.create(namespaceKind, { metadata: { name: systemNamespace } })
  await applyRbac(admin)
  const kubernetes = createKubeClient({ kubeconfigPath: api.kubeconfigPath, logger, clock: systemClock })
  const metrics = createMetrics()
  const operatorMetrics = createOperatorMetrics(metrics)
  const { parts, database } = await makeParts({ postgres, keycloak, kubernetes, operatorMetrics, logger })
  return {
    ...{ api, postgres, keycloak, admin, parts },
    run: (resyncMs = 600_000) => {
      const stopper = new AbortController()
      const operator = startOperator({
        ...{ parts, operatorMetrics, kubernetes, clock: systemClock, logger, metrics, signal: stopper.signal },
        ...{ concurrency: { tenants: 4, subscriptions: 4 }, resyncMs, random: () => 0.5 },
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
  readonly kubernetes: KubeClient
  readonly operatorMetrics: OperatorMetrics
  readonly logger: Logger
}

async function makeParts({ postgres, keycloak, kubernetes, operatorMetrics, logger }: Made) {
  const clock = systemClock
  const { host, port, user, database: name } = postgres
  const password = new Secret(postgres.password)
  const latency = operatorMetrics.postgres
  const database = openDatabase({ host, port, user, database: name, password, maxConnections: 8, clock, latency })
  await prepareRegistry(database, name, AbortSignal.timeout(30_000))
  const http = createHttp({ url: keycloak.url, clock, latency: operatorMetrics.keycloak })
  const bootstrap = { clientId: keycloak.clientId, clientSecret: new Secret(keycloak.clientSecret) }
  const parts: Parts = {
    ...{ kubernetes, logger, clock },
    keycloak: createKeycloak({ http, bootstrap, clock }),
    registry: createGrantRegistry(database),
    databases: createTenantDatabase(database, name),
    settings: {
      ...{ operatorUser, baseDomain: 'gw.test', systemNamespace, dataPlaneNamespace: 'bulkhead-data' },
      ...{ publicUrl: keycloak.url, capacityRequestsPerSecond: 1000, quarantineMs: 3_600_000, defaultGuaranteed: 10 },
      databaseAddress: { host, port, database: name },
    },
    newSecret: () => new Secret(randomBytes(32).toString('base64url')),
  }
  return { parts, database }
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

const documentShape = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })
const clusterRoleKind: KubeKind = { ...roleKind, plural: 'clusterroles', kind: 'ClusterRole', namespaced: false }
const bindingKinds = ['ClusterRoleBinding', 'RoleBinding']
const kindOf: Readonly<Record<string, KubeKind>> = {
  ClusterRole: clusterRoleKind,
  Role: roleKind,
  ClusterRoleBinding: { ...clusterRoleKind, plural: 'clusterrolebindings', kind: 'ClusterRoleBinding' },
  RoleBinding: roleBindingKind,
}

// What is shipped, bound to the user of the test's kubeconfig instead of the service account.
async function applyRbac(admin: KubeClient): Promise<void> {
  for (const parsed of parseAllDocuments(await readFile(manifest, 'utf8'))) {
    const document = documentShape.parse(parsed.toJS())
    const kind = kindOf[document.kind]
    if (kind === undefined) continue
    const subjects = bindingKinds.includes(document.kind)
      ? { subjects: [{ kind: 'User', apiGroup: rbacGroup, name: operatorUser }] }
      : {}
    const body: KubeBody = { ...document, ...subjects }
    await admin.create(kind, body).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  }
}
