import type { Subscription, Tenant } from '@bulkhead/crds'
import { describe, expect, test } from 'vitest'
import { aSubscription, aTenant, aTool } from '../build/testing/fixtures.ts'
import { isObjectChanged, isSubscriptionChanged, isTenantChanged } from './relevance.ts'
import { parsers } from './seen.ts'
import type { Seen } from './seen.ts'

const seen = <T extends { readonly metadata: Tenant['metadata'] }>(object: T): Seen<T> => ({
  kind: 'valid',
  metadata: object.metadata,
  object,
})
const condition = (type: string, observedGeneration = 1, status = 'True'): Record<string, unknown> => ({
  ...{ type, status, observedGeneration, reason: type },
})
const judged = [condition('Granted'), condition('IdentityReady')]

describe('a Tenant builds differently', () => {
  const before = aTenant('acme', { status: { conditions: judged } })
  test.each<[string, Record<string, unknown>, boolean]>([
    ['when hosts are granted', { granted: { hostnames: [] } }, true],
    ['when its keys change', { identity: { jwks: '{}' } }, true],
    ['when the operator has judged a newer generation', { conditions: [condition('Granted', 2), judged[1]] }, true],
    ['not for our own condition', { conditions: [...judged, condition('Programmed')] }, false],
    ['not for our own counts', { conditions: judged, dataPlane: { programmed: 1, total: 2 } }, false],
  ])('%s', (_title, status, expected) => {
    const now = aTenant('acme', { status: { conditions: judged, ...status } })
    expect(isTenantChanged(before, now)).toBe(expected)
  })

  test('when it is being deleted, or its spec changed', () => {
    const { metadata } = before
    expect(isTenantChanged(before, { ...before, metadata: { ...metadata, generation: 2 } })).toBe(true)
    expect(isTenantChanged(before, { ...before, metadata: { ...metadata, deletionTimestamp: 'now' } })).toBe(true)
  })
})

test('a status alone makes no object build differently', () => {
  const [before, now] = [aTool('a'), { ...aTool('a'), status: { conditions: [] } }]
  expect(isObjectChanged(seen(before), seen(now))).toBe(false)
  const edited = { ...before, metadata: { ...before.metadata, generation: 2 } }
  expect(isObjectChanged(seen(before), seen(edited))).toBe(true)
})

test("a Subscription builds differently by the operator's decision, and not by our condition", () => {
  const at = (...conditions: readonly Record<string, unknown>[]): Seen<Subscription> =>
    seen(aSubscription('app', {}, { conditions }))
  expect(isSubscriptionChanged(at(), at(condition('Accepted')))).toBe(true)
  expect(isSubscriptionChanged(at(condition('Accepted')), at(condition('Accepted', 1, 'False')))).toBe(true)
  expect(isSubscriptionChanged(at(condition('Accepted')), at(condition('Accepted'), condition('Programmed')))).toBe(
    false,
  )
})

describe('at the door', () => {
  const raw = (spec: unknown): unknown => ({ metadata: aTool('a').metadata, spec })

  test('an object that cannot be read is known by its metadata and by what could be read of it', () => {
    const http = { methods: ['GET'], path: '/a' }
    expect(parsers.tool(raw({ http, backend: { type: 'Pigeon' } }))).toMatchObject({
      ok: true,
      value: { kind: 'invalid', invalid: { kind: 'Tool', http } },
    })
    const published = { hostname: 'acme.gw.test', basePath: '/v1', tools: ['a'] }
    expect(parsers.toolSet(raw({ ...published, access: 'Everyone' }))).toMatchObject({
      value: { kind: 'invalid', invalid: { kind: 'ToolSet', published } },
    })
    const targetRef = { kind: 'ToolSet', name: 'api' }
    expect(parsers.accessPolicy(raw({ targetRef, rules: 'everything' }))).toMatchObject({
      ok: true,
      value: { kind: 'invalid', invalid: { kind: 'AccessPolicy', target: targetRef } },
    })
  })

  test('without metadata there is nothing to report on', () => {
    expect(parsers.tool({ spec: {} }).ok).toBe(false)
  })

  test.each(['Acme', 'a'.repeat(41), '1acme', 'a.b'])('a Tenant of the name %s is set aside', (name) => {
    const { metadata, spec } = aTenant()
    expect(parsers.tenant({ metadata: { ...metadata, name }, spec }).ok).toBe(false)
  })
})
