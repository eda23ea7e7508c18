import type { Clock, Logger, Metrics } from '@bulkhead/runtime'
import { roleOf, tenantId } from '@bulkhead/tenancy'
import type { TenantFacts } from '../facts.ts'
import type { Parts } from '../parts.ts'
import { startFigures } from '../walls/database/figures.ts'
import { standingOf } from './standing.ts'

export interface SchemasOptions {
  readonly parts: Pick<Parts, 'rollouts' | 'databases'>
  /** All Tenants, as they are now. */
  readonly tenants: () => Iterable<TenantFacts>
  /** Has a tenant looked at anew. */
  readonly wake: (name: string) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * What goes on for all schemas together, until the answer is called: new versions are rolled out, and what their tenants'
 * statements cost is exported. Which version each schema is to have is settled at once.
 */
export function keepSchemas({ parts, tenants, wake, ...rest }: SchemasOptions): () => Promise<void> {
  const uids = (): readonly (readonly [name: string, uid: string])[] =>
    [...tenants()].map(({ metadata: { name, uid } }) => [name, uid])
  const endRollout = parts.rollouts.start({
    look: () => [...tenants()].flatMap((tenant) => standingOf(tenant) ?? []),
    isThere: (id) => uids().some(([, uid]) => tenantId(uid) === id),
    wake,
  })
  const names = () => new Map(uids().map(([name, uid]) => [roleOf(tenantId(uid)), name]))
  const endFigures = startFigures({ ...rest, databases: parts.databases, names })
  return async () => {
    await Promise.all([endRollout(), endFigures()])
  }
}
