import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '@bulkhead/database'
import { createKubeClient, silentLogger, systemClock } from '@bulkhead/runtime'
import type { Parts } from '../parts.ts'
import type { Ground } from './stage.ts'
import type { Rider } from './wire.ts'

/** One operator, new and without memory. */
export interface OperatorProcess {
  readonly parts: Parts
  readonly signal: AbortSignal
  /** Resolves when nothing that it sent is on its way any more. */
  quiet(): Promise<void>
  stop(): Promise<void>
}

export interface ProcessOptions {
  readonly rider: Rider
  readonly database: (database: Database) => Database
  readonly death: AbortController
}

/** Starts one; all that it says to the others goes past the rider, or through the database given to it. */
export async function startProcess({ world, wire, folder }: Ground, options: ProcessOptions): Promise<OperatorProcess> {
  const { rider, death, database } = options
  const way = wire.join(rider)
  const kubeconfigPath = join(folder, `${way.name}.kubeconfig`)
  await writeFile(kubeconfigPath, kubeconfigOf(way.kubernetesUrl))
  const kubernetes = createKubeClient({ kubeconfigPath, logger: silentLogger, clock: systemClock })
  const parts = await world.partsOf({ kubernetes, keycloakUrl: way.keycloakUrl, database })
  const stopKeys = parts.issuerKeys.start(() => undefined)
  return {
    ...{ parts, signal: death.signal, quiet: () => way.quiet() },
    stop: async () => {
      death.abort(new Error('The process was stopped'))
      await stopKeys()
      await way.quiet()
      way.leave()
      kubernetes.close()
    },
  }
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'wire' },
    clusters: [{ name: 'wire', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'operator', user: {} }],
    contexts: [{ name: 'wire', context: { cluster: 'wire', user: 'operator' } }],
  })
}
