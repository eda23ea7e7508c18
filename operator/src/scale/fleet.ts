import { isTrueAt, kinds } from '@bulkhead/crds'
import { createMetrics, silentLogger, superviseListWatch, systemClock } from '@bulkhead/runtime'
import type { KubeClient } from '@bulkhead/runtime'
import { readTenant } from '../facts.ts'
import type { TenantFacts } from '../facts.ts'

const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady'] as const
const createsAtOnce = 16

/** Many Tenants, and when each of them stood. */
export interface Fleet {
  /** Applies Tenants of these names, all at once; resolves when the API server has them. */
  create(names: readonly string[]): Promise<void>
  /** Resolves when all walls of each of these stand. */
  standing(names: readonly string[], signal: AbortSignal): Promise<void>
  countStanding(names: readonly string[]): number
  /** From the API server's answer until all walls stood, of those that do. */
  onboardingMs(names: readonly string[]): readonly number[]
  /** As they were last seen. */
  tenant(name: string): TenantFacts | undefined
  stop(): Promise<void>
}

/** Follows all Tenants of an API server. */
export async function watchFleet(admin: KubeClient): Promise<Fleet> {
  const createdMs = new Map<string, number>()
  const stoodMs = new Map<string, number>()
  const waiting = new Set<() => void>()
  const stopper = new AbortController()
  const watch = superviseListWatch({
    ...{ client: admin, kind: kinds.tenant, clock: systemClock, logger: silentLogger, metrics: createMetrics() },
    parse: (raw) => ({ ok: true, value: readTenant(raw).object }),
    onChange: ({ key, object, type }) => {
      if (type === 'deleted' || stoodMs.has(key) || !stands(object)) return
      stoodMs.set(key, performance.now())
      for (const look of [...waiting]) look()
    },
    signal: stopper.signal,
  })
  await watch.synced
  const countStanding: Fleet['countStanding'] = (names) => names.filter((name) => stoodMs.has(name)).length
  return {
    countStanding,
    create: async (names) => {
      const left = [...names]
      const work = async (): Promise<void> => {
        for (let name = left.shift(); name !== undefined; name = left.shift()) {
          await createTenant(admin, name)
          createdMs.set(name, performance.now())
        }
      }
      await Promise.all(Array.from({ length: createsAtOnce }, work))
    },
    standing: (names, signal) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (countStanding(names) < names.length) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        signal.addEventListener('abort', () => {
          waiting.delete(look)
          const words = names.flatMap((name) => (stoodMs.has(name) ? [] : [wordsOf(watch.store.get(name))]))
          reject(new Error(`${words.length} of ${names.length} do not stand; one says ${words[0] ?? ''}`))
        })
        look()
      }),
    onboardingMs: (names) =>
      names.flatMap((name) => {
        const [created, stood] = [createdMs.get(name), stoodMs.get(name)]
        return created === undefined || stood === undefined ? [] : [Math.max(0, stood - created)]
      }),
    tenant: (name) => watch.store.get(name),
    stop: async () => {
      stopper.abort()
      await watch.stopped
    },
  }
}

async function createTenant(admin: KubeClient, name: string): Promise<void> {
  const limits = { requestsPerSecond: { guaranteed: 0, ceiling: 10 } }
  const spec = { displayName: name, limits, deletionPolicy: 'Delete' }
  await admin.create(kinds.tenant, { metadata: { name }, spec })
}

function stands({ metadata, status }: TenantFacts): boolean {
  return walls.every((type) => isTrueAt(status?.conditions, type, metadata.generation))
}

function wordsOf(tenant: TenantFacts | undefined): string {
  return JSON.stringify(tenant?.status?.conditions?.map(({ type, status, message }) => [type, status, message]))
}

/** `scale-0001`, `scale-0002`, … */
export function namesOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(4, '0')}`)
}
