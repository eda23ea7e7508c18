import { randomUUID } from 'node:crypto'
import { apiVersionOf } from '@bulkhead/runtime'
import { eventKind, tenantKind } from '../../kubernetes/kinds.ts'
import type { Parts } from '../../parts.ts'
import type { OwnAccount } from './account.ts'

/**
 * Tells that the bootstrap account goes into a realm: in the log, in an Event and in a counter, before it does. What it
 * does there stands among the realm's own admin events.
 */
export async function auditRestore(parts: Parts, { owner, realm }: OwnAccount, signal: AbortSignal): Promise<void> {
  const { logger, kubernetes, clock } = parts
  const { name, uid } = owner
  const now = new Date(clock.now()).toISOString()
  logger.warn({ tenant: name, realm }, 'restoring our account by bootstrap')
  parts.accountRestored()
  const body = {
    metadata: { name: `${name}.${randomUUID()}`, namespace: 'default' },
    involvedObject: { apiVersion: apiVersionOf(tenantKind), kind: tenantKind.kind, name, uid },
    ...{ reason: 'AccountRestored', type: 'Warning', source: { component: 'bulkhead-operator' } },
    message: `Realm "${realm}" shut our account out; it is restored by the bootstrap account`,
    ...{ firstTimestamp: now, lastTimestamp: now, count: 1 },
  }
  try {
    await kubernetes.create(eventKind, body, { timeoutMs: 5000, signal })
  } catch (err) {
    signal.throwIfAborted()
    logger.warn({ tenant: name, err }, 'cannot write an event')
  }
}
