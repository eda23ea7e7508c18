import type { JsonObject } from '@bulkhead/envoy'
import { beyondGuaranteeHeader } from '@bulkhead/tenancy'
import { at, isObject, listAt, textAt } from '../json.ts'
import type { Json } from '../json.ts'
import { is, isNumber, isSet, optionRules, rule } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { ownerOf, slot, vhosts } from './reading.ts'

const guarantees = (routes: JsonObject): readonly Json[] =>
  vhosts(routes).flatMap((host) => (isObject(slot(host, 'tenant-guarantee')) ? [slot(host, 'tenant-guarantee')] : []))

/** Whether an action counts everything in the pool, or what the guarantee has marked. */
function countsInPool(action: Json, isMarked: boolean): boolean {
  const counted = at(action, isMarked ? 'headerValueMatch' : 'genericKey')
  const [header, ...others] = listAt(counted, 'headers')
  const isByMark =
    others.length === 0 && textAt(header, 'name') === beyondGuaranteeHeader && at(header, 'presentMatch') === true
  return (
    textAt(counted, 'descriptorKey') === 'pool' &&
    textAt(counted, 'descriptorValue') === 'shared' &&
    at(counted, 'expectMatch') !== false &&
    (isByMark || !isMarked)
  )
}

/** Whether the guarantee marks what is beyond it. */
function marks(host: Json): boolean {
  return listAt(slot(host, 'tenant-guarantee'), 'requestHeadersToAddWhenNotEnforced').some(
    (each) => textAt(each, 'header.key') === beyondGuaranteeHeader,
  )
}

/** Every tenant is counted, as itself. */
export const limitRules: readonly Rule[] = [
  ...optionRules('D-09/tenant-guarantee', guarantees, {
    'tokenBucket.maxTokens': isSet,
    'filterEnabled.defaultValue.numerator': is(100),
    // It marks and refuses nothing.
    'filterEnforced.defaultValue.numerator': isNumber(0),
    localClusterRateLimit: isSet,
    stage: is(10),
  }),
  ...optionRules('D-09/tenant-cap', (routes) => vhosts(routes).map((host) => slot(host, 'tenant-cap')), {
    'tokenBucket.maxTokens': isSet,
    'filterEnabled.defaultValue.numerator': is(100),
    'filterEnforced.defaultValue.numerator': is(100),
    localClusterRateLimit: isSet,
    stage: is(10),
  }),
  rule('D-09/descriptors', 'a descriptor must start with static text and have a default for the rest', (routes) =>
    vhosts(routes)
      .flatMap((host) => listAt(host, 'rateLimits'))
      .every((each) => {
        const [first, ...others] = listAt(each, 'actions')
        const isStatic = at(first, 'genericKey') !== undefined || at(first, 'headerValueMatch') !== undefined
        return isStatic && others.every((action) => textAt(action, 'metadata.defaultValue') !== '')
      }),
  ),
  rule('D-09/tenant-limit', 'the tenant must be counted by its id, and by nobody else’s', (routes) =>
    vhosts(routes).every((host) => {
      const keys = listAt(host, 'rateLimits').flatMap((each) => listAt(each, 'actions'))
      const ids = keys.filter((key) => textAt(key, 'genericKey.descriptorKey') === 'tenant')
      return ids.length === 1 && textAt(ids[0], 'genericKey.descriptorValue') === ownerOf(routes)
    }),
  ),
  rule(
    'D-09/pool',
    'what is beyond the guarantee, or all where nothing marks it, must be counted in stage 1',
    (routes) =>
      vhosts(routes).every((host) => {
        const [pool, ...others] = listAt(host, 'rateLimits').filter((each) => at(each, 'stage') === 1)
        const [action, ...more] = listAt(pool, 'actions')
        return others.length === 0 && more.length === 0 && countsInPool(action, marks(host))
      }),
  ),
]
