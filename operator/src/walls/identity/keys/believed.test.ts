import { expect, test } from 'vitest'
import type { SeenPublished } from '../observed.ts'
import { believedKeys, judgeStaleKeys, judgeWithdrawn } from './believed.ts'
import type { BelievedFacts } from './believed.ts'

const now = '2026-11-25T12:00:00Z'
const hoursAgo = (hours: number) => new Date(Date.parse(now) - hours * 3_600_000).toISOString()
const life = { staleAfterMs: 24 * 3_600_000, withdrawnAfterMs: 168 * 3_600_000 }
const away: BelievedFacts['seen'] = { kind: 'unavailable', error: new Error('away') }
const seen = (keys: SeenPublished | undefined, kind: 'disabled' | 'locked' = 'locked'): BelievedFacts['seen'] => ({
  ...{ kind: 'seen', value: { secret: { kind: 'absent' }, realm: { kind }, keys } },
})
const good = { jwks: 'good' }
const failing = (hours: number) => ({ jwks: 'good', jwksFailingSince: hoursAgo(hours) })

test.each<[string, BelievedFacts['seen'], BelievedFacts['before'], object]>([
  ['keys that were fetched are believed', seen({ ok: true, jwks: 'new' }), good, { jwks: 'new', freshness: 'fresh' }],
  [
    'keys that come back end the count',
    seen({ ok: true, jwks: 'new' }),
    failing(30),
    { jwks: 'new', failingSince: undefined },
  ],
  [
    'F-46 with Keycloak away the last good ones stay',
    away,
    good,
    { jwks: 'good', failingSince: now, freshness: 'fresh' },
  ],
  [
    'F-47 a page in place of keys replaces none',
    seen({ ok: false, problem: 'none' }),
    good,
    { jwks: 'good', failingSince: now },
  ],
  ['an answer that is none counts too', seen({ ok: 'unknown' }), good, { jwks: 'good', failingSince: now }],
  ['the count goes on from its own beginning', away, failing(2), { failingSince: hoursAgo(2), freshness: 'fresh' }],
  ['after a day they are stale and still believed', away, failing(24), { jwks: 'good', freshness: 'stale' }],
  ['F-46 after a week they are withdrawn', away, failing(168), { jwks: undefined, freshness: 'withdrawn' }],
  [
    'what was withdrawn stays so, and is known to have been',
    away,
    { jwksFailingSince: hoursAgo(200) },
    { jwks: undefined, failingSince: hoursAgo(200), freshness: 'withdrawn' },
  ],
  [
    'a realm that is shut on purpose fails nothing',
    seen(undefined, 'disabled'),
    good,
    { jwks: 'good', failingSince: undefined },
  ],
  ['where there were none, none are missed', away, undefined, { jwks: undefined, failingSince: undefined }],
])('%s', (_title, looked, before, wanted) => {
  expect(believedKeys({ seen: looked, before, now, life })).toMatchObject(wanted)
})

test('stale keys are told of, and withdrawn ones fail the wall', () => {
  const at = (hours: number) => believedKeys({ seen: away, before: failing(hours), now, life })
  expect([judgeStaleKeys(at(1)), judgeWithdrawn(at(1))]).toEqual([undefined, undefined])
  expect([judgeStaleKeys(at(25))?.reason, judgeWithdrawn(at(25))]).toEqual(['JwksStale', undefined])
  expect([judgeStaleKeys(at(170)), judgeWithdrawn(at(170))?.reason]).toEqual([undefined, 'JwksWithdrawn'])
})
