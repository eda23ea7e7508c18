import { LostLeadership, silentLogger } from '@bulkhead/runtime'
import type { Database } from '@bulkhead/database'
import { takeDatabases } from '../databases.ts'
import type { TenantFacts } from '../facts.ts'
import type { Parts } from '../parts.ts'
import { standingOf } from '../tenant/standing.ts'
import type { World } from '../testing/world.ts'

/** One process's time as the leader, as far as Postgres and the schemas of all tenants are concerned. */
export interface Reign {
  /** The registry, which refuses writes once somebody else leads. */
  readonly registry: Database
  /** Rolls the schemas' versions out, until the answer is called. */
  rollOut(parts: Pick<Parts, 'rollouts'>, tenant: () => TenantFacts | undefined): () => Promise<void>
  /** Whether somebody else leads by now. */
  isOver(): boolean
}

export interface Term {
  readonly world: World
  /** What it says to Postgres by. */
  readonly database: Database
  /** Ends when the process dies; ended when another one leads. */
  readonly death: AbortController
}

/** Begins to lead as the operator does. */
export async function beginReign({ world, database, death }: Term): Promise<Reign> {
  let isOver = false
  const first = { name: 'default', database, databaseName: world.postgres.database }
  const { registry } = await takeDatabases(
    { first, further: [], close: () => Promise.resolve() },
    { holder: 'one of them', demand: () => undefined, logger: silentLogger, signal: death.signal },
  )
  const transaction: Database['transaction'] = async (call, signal, work) => {
    try {
      return await registry.transaction(call, signal, work)
    } catch (error) {
      if (error instanceof LostLeadership) {
        isOver = true
        death.abort(error)
      }
      throw error
    }
  }
  return {
    registry: { ...registry, transaction },
    rollOut: ({ rollouts }, tenant) => {
      const look = () => [tenant()].flatMap((one) => (one === undefined ? [] : (standingOf(one) ?? [])))
      return rollouts.start({ look, isThere: () => true, wake: () => undefined })
    },
    isOver: () => isOver,
  }
}

/** Whether a version of the schemas is still on its way. */
export async function isRolloutUnderWay({ postgres }: World): Promise<boolean> {
  const [row] = await postgres.query('SELECT phase FROM public.rollout', postgres.database)
  return row?.['phase'] !== 'done'
}
