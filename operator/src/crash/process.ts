import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kinds } from '@bulkhead/crds'
import type { Database } from '@bulkhead/database'
import { createKubeClient, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeClient } from '@bulkhead/runtime'
import { readTenant } from '../facts.ts'
import type { TenantFacts } from '../facts.ts'
import type { Parts } from '../parts.ts'
import { beginReign, isRolloutUnderWay } from './leading.ts'
import type { Reign } from './leading.ts'
import type { Era, Life } from './life.ts'
import type { Ground } from './stage.ts'
import type { Rider, Way } from './wire.ts'
import { within } from './within.ts'

/** One operator, new and without memory. */
export interface OperatorProcess {
  readonly parts: Parts
  readonly signal: AbortSignal
  /** What its watch tells of the Tenant. */
  saw(tenant: TenantFacts | undefined): void
  /** Whether it leads no more: then it does nothing. */
  isOver(): boolean
  /** Whether something goes on that no tenant's outcome tells of. */
  isUnderWay(): Promise<boolean>
  /** Resolves when nothing that it sent is on its way any more. */
  quiet(): Promise<void>
  stop(): Promise<void>
}

export interface ProcessOptions {
  readonly rider: Rider
  readonly database: (database: Database) => Database
  readonly death: AbortController
  /** Makes another operator of it. */
  readonly alter?: ((parts: Parts) => Parts) | undefined
}

/** Starts one; all that it says to the others goes past the rider, or through the database given to it. */
export async function startProcess(ground: Ground, life: Life, options: ProcessOptions): Promise<OperatorProcess> {
  const { world, wire, folder } = ground
  const { death } = options
  const way = wire.join(options.rider)
  const kubeconfigPath = join(folder, `${way.name}.kubeconfig`)
  await writeFile(kubeconfigPath, kubeconfigOf(way.kubernetesUrl))
  const kubernetes = createKubeClient({ kubeconfigPath, logger: silentLogger, clock: systemClock })
  const leave = async (): Promise<void> => {
    death.abort(new Error('The process was stopped'))
    await way.quiet()
    way.leave()
    kubernetes.close()
  }
  try {
    const { parts, reign } = await makeParts(ground, life, { ...options, way, kubernetes })
    let tenant = await findTenant(world.admin, life.name)
    const ends = [parts.issuerKeys.start(() => undefined)]
    if (reign !== undefined) ends.push(reign.rollOut(parts, () => tenant))
    return {
      ...{ parts, signal: death.signal, quiet: () => way.quiet() },
      saw: (seen) => {
        tenant = seen
      },
      isOver: () => reign?.isOver() === true,
      isUnderWay: async () => reign !== undefined && !reign.isOver() && (await isRolloutUnderWay(world)),
      stop: async () => {
        death.abort(new Error('The process was stopped'))
        await within(60_000, `The end of what goes on for "${life.name}"`, Promise.all(ends.map((end) => end())))
        await leave()
      },
    }
  } catch (error) {
    await leave()
    throw error
  }
}

interface Making extends ProcessOptions {
  readonly way: Way
  readonly kubernetes: KubeClient
}

async function makeParts({ world }: Ground, { era }: Life, making: Making) {
  const { way, kubernetes, death, alter } = making
  let reign: Reign | undefined
  const parts = await world.partsOf({
    ...{ kubernetes, keycloakUrl: way.keycloakUrl, migrations: era.migrations },
    database: async (database) => {
      const watched = making.database(database)
      if (era.areLeaders) reign = await beginReign({ world, database: watched, death })
      return reign?.registry ?? watched
    },
  })
  const timed = { ...parts, clock: clockOf(era) }
  return { parts: alter?.(timed) ?? timed, reign }
}

function clockOf(era: Era): Parts['clock'] {
  return { ...systemClock, now: () => systemClock.now() + era.aheadMs }
}

async function findTenant(admin: KubeClient, name: string): Promise<TenantFacts | undefined> {
  const found = await admin.find({ kind: kinds.tenant, name })
  return found && readTenant(found).object
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'wire' },
    clusters: [{ name: 'wire', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'operator', user: {} }],
    contexts: [{ name: 'wire', context: { cluster: 'wire', user: 'operator' } }],
  })
}
