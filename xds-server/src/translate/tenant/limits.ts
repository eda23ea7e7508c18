import { anyOf } from '@bulkhead/envoy'
import type { EnvoyAny, MetadataKey, RateLimit_Action, RateLimit_Override, RouteRateLimit } from '@bulkhead/envoy'
import { beyondGuaranteeHeader } from '@bulkhead/tenancy'
import type { TenantModel } from '../../model/model.ts'
import { localStage, metadataNamespaces } from '../names.ts'
import { leastBucket, overwrite, percent } from '../values.ts'

const windows = ['second', 'minute', 'hour', 'day'] as const
// Above the ceiling, so that the exact limit stays with the service and a flood still never reaches policy.
const capFactor = 1.5

function fromPolicy(...path: readonly string[]): MetadataKey {
  return { key: metadataNamespaces.policy, path: path.map((key) => ({ key })) }
}

function limitFromPolicy(name: string): RateLimit_Override {
  return { dynamicMetadata: { metadataKey: fromPolicy('limits', name) } }
}

function always(descriptorKey: string, descriptorValue: string): RateLimit_Action {
  return { genericKey: { descriptorKey, descriptorValue } }
}

// Without a default an absent value would take the whole descriptor away, and the limit with it.
function known(descriptorKey: string): RateLimit_Action {
  return {
    metadata: { descriptorKey, metadataKey: fromPolicy(descriptorKey), defaultValue: '-', source: 'DYNAMIC' },
  }
}

/** What a tenant's requests are counted by in the rate limit service; keys are static ids or policy's answer. */
export function serviceLimits(model: TenantModel): readonly RouteRateLimit[] {
  return [
    { stage: 0, actions: [always('tenant', model.id)], limit: limitFromPolicy('tenant') },
    ...windows.map((window) => ({
      stage: 0,
      actions: [always('window', window), known('subscription')],
      limit: limitFromPolicy(window),
    })),
    {
      stage: 0,
      actions: [always('window', 'month'), known('subscription'), known('month')],
      limit: limitFromPolicy('month'),
    },
    { stage: 1, actions: [fromPool(model.limits.guaranteed)], limit: limitFromPolicy('pool') },
  ]
}

// Who is guaranteed nothing lives from the pool with every request.
function fromPool(guaranteed: number): RateLimit_Action {
  if (guaranteed === 0) return always('pool', 'shared')
  return {
    headerValueMatch: {
      descriptorKey: 'pool',
      descriptorValue: 'shared',
      headers: [{ name: beyondGuaranteeHeader, presentMatch: true }],
    },
  }
}

/** Marks what is beyond the guarantee and refuses nothing; undefined when nothing is guaranteed. */
export function guarantee(model: TenantModel): EnvoyAny | undefined {
  if (model.limits.guaranteed === 0) return undefined
  return anyOf('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    ...bucket('guarantee', model.limits.guaranteed),
    filterEnforced: percent(0),
    requestHeadersToAddWhenNotEnforced: [overwrite(beyondGuaranteeHeader, '1')],
  })
}

/** Refuses what is far above the ceiling before policy has to look at it. */
export function cap(model: TenantModel): EnvoyAny {
  return anyOf('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    ...bucket('cap', Math.max(leastBucket, Math.ceil(model.limits.ceiling * capFactor))),
    filterEnforced: percent(100),
    enableRetryAfterHeader: true,
  })
}

// One second's share: a tenant that edits in a loop refills its buckets, and must not gain by it.
function bucket(statPrefix: string, requestsPerSecond: number) {
  return {
    statPrefix,
    stage: localStage,
    tokenBucket: { maxTokens: requestsPerSecond, tokensPerFill: requestsPerSecond, fillInterval: '1s' },
    filterEnabled: percent(100),
    localClusterRateLimit: {},
  } as const
}
