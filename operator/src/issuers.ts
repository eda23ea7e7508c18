import { readFile } from 'node:fs/promises'
import { createGuardedFetch } from '@bulkhead/identity'
import { publicAddresses } from '@bulkhead/runtime'
import type { Clock, Logger, Metrics } from '@bulkhead/runtime'
import type { OperatorConfig } from './config.ts'
import type { Parts } from './parts.ts'
import { createKeyKeeper } from './walls/identity/external/keeper.ts'

export interface IssuersOptions {
  readonly config: Pick<OperatorConfig, 'egress' | 'jwks'>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/** The ways to issuers that tenants name: the guarded fetch, and the keeper of their keys. */
export async function openIssuers({
  config: { egress, jwks },
  ...rest
}: IssuersOptions): Promise<Pick<Parts, 'fetchGuarded' | 'issuerKeys'>> {
  const trustedCertificates = egress.caFile === undefined ? [] : [await readFile(egress.caFile, 'utf8')]
  const fetchGuarded = createGuardedFetch({ ranges: publicAddresses(egress.allowedCidrs), trustedCertificates })
  const issuerKeys = createKeyKeeper({
    ...{ ...rest, fetch: fetchGuarded, random: Math.random },
    life: { staleAfterMs: jwks.staleSeconds * 1000, withdrawnAfterMs: jwks.maxStaleSeconds * 1000 },
    ...{ pollMs: jwks.pollSeconds * 1000, timeoutMs: jwks.timeoutMs, concurrency: jwks.concurrency },
  })
  return { fetchGuarded, issuerKeys }
}
