import { anyOf } from '@bulkhead/envoy'
import type { EnvoyAny, LocalRateLimitDescriptor, RouteRateLimit } from '@bulkhead/envoy'
import { localStage } from '../names.ts'
import type { IdentitySettings } from '../settings.ts'
import { leastBucket, percent } from '../values.ts'
import { realmPrefix, themePrefix } from './endpoints.ts'

interface Share {
  readonly key: string
  readonly value: string
  readonly prefix: string
  readonly requestsPerSecond: number
}

/**
 * A bucket for each realm that is known, one for theme files, and one for all the rest: a flood of one realm, or of
 * realms that nobody has, takes nothing from another. The keys are known names, so nobody can make a bucket by asking.
 */
export function identityLimits(realms: readonly string[], settings: IdentitySettings): EnvoyAny {
  const { realmRequestsPerSecond, themeRequestsPerSecond, otherRequestsPerSecond } = settings
  const shares: readonly Share[] = [
    { key: 'theme', value: 'any', prefix: themePrefix, requestsPerSecond: themeRequestsPerSecond },
    ...realms.map((realm) => ({
      ...{ key: 'realm', value: realm, prefix: realmPrefix(realm) },
      requestsPerSecond: realmRequestsPerSecond,
    })),
  ]
  return anyOf('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    statPrefix: 'identity',
    stage: localStage,
    filterEnabled: percent(100),
    filterEnforced: percent(100),
    enableRetryAfterHeader: true,
    localClusterRateLimit: {},
    tokenBucket: bucket(otherRequestsPerSecond),
    // Else every realm would also take from the bucket of the rest.
    alwaysConsumeDefaultTokenBucket: false,
    rateLimits: shares.map(counted),
    descriptors: shares.map(limited),
  })
}

function counted({ key, value, prefix }: Share): RouteRateLimit {
  const headers = [{ name: ':path', stringMatch: { prefix } }]
  return { actions: [{ headerValueMatch: { descriptorKey: key, descriptorValue: value, headers } }] }
}

function limited({ key, value, requestsPerSecond }: Share): LocalRateLimitDescriptor {
  return { entries: [{ key, value }], tokenBucket: bucket(requestsPerSecond) }
}

function bucket(requestsPerSecond: number): NonNullable<LocalRateLimitDescriptor['tokenBucket']> {
  return {
    maxTokens: Math.max(leastBucket, requestsPerSecond),
    tokensPerFill: requestsPerSecond,
    fillInterval: '1s',
  }
}
