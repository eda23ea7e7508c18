import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeClaim } from './grants.ts'
import type { Claim, HeldHost, Registry } from './grants.ts'

const claim: Claim = {
  ...{ uid: 'u1', id: 'aaaaaaaaaaaaa', name: 'acme', guaranteed: 100, ownHost: 'acme.gw.test' },
  hosts: ['acme.gw.test', 'api.acme.example'],
}
const empty: Registry = { hosts: [], issuers: [], guaranteed: undefined, guaranteedToOthers: 0 }
const terms = { capacity: 1000, quarantineMs: 60_000, nowMs: 1_000_000 }
const held = (host: string, tenantUid: string, quarantinedUntilMs?: number): HeldHost => ({
  host,
  tenantUid,
  quarantinedUntilMs,
})

test('free hosts and a fitting share are granted', () => {
  const judged = judgeClaim(claim, empty, terms)
  expect(judged).toMatchObject({ hosts: claim.hosts, guaranteed: 100, refusedHosts: [], missing: 0, changes: true })
})

test('what is held already changes nothing', () => {
  const hosts = claim.hosts.map((host) => held(host, 'u1'))
  const judged = judgeClaim(claim, { hosts, issuers: [], guaranteed: 100, guaranteedToOthers: 900 }, terms)
  expect(judged).toMatchObject({ hosts: claim.hosts, guaranteed: 100, changes: false })
})

test.each([
  ['a host that another tenant holds is refused', undefined, true],
  ['a host in quarantine is refused', terms.nowMs + 1, true],
  ['a host whose quarantine is over is granted', terms.nowMs, false],
])('%s', (_title, quarantinedUntilMs, isRefused) => {
  const hosts = [held('api.acme.example', 'u2', quarantinedUntilMs)]
  const judged = judgeClaim(claim, { ...empty, hosts }, terms)
  expect(judged.refusedHosts).toEqual(isRefused ? ['api.acme.example'] : [])
  // Who waits for a host comes back when its quarantine ends, and not for one that somebody uses.
  expect(judged.nextFreeMs).toBe(isRefused ? quarantinedUntilMs : undefined)
})

test('a tenant takes back what it released itself, quarantine or not', () => {
  const hosts = [held('api.acme.example', 'u1', terms.nowMs + 1)]
  const judged = judgeClaim(claim, { ...empty, hosts }, terms)
  expect(judged.take).toContain('api.acme.example')
})

test('a host that is asked for no more is released', () => {
  const hosts = [held('acme.gw.test', 'u1'), held('old.acme.example', 'u1')]
  expect(judgeClaim(claim, { ...empty, hosts }, terms).release).toEqual(['old.acme.example'])
})

test('a share that does not fit says what is missing and leaves what the tenant had', () => {
  const registry = { hosts: [], issuers: [], guaranteed: 40, guaranteedToOthers: 950 }
  expect(judgeClaim(claim, registry, terms)).toMatchObject({ guaranteed: 40, missing: 50 })
})

test('asking for less always succeeds, even in a fleet that is too small for all', () => {
  const registry = { hosts: [], issuers: [], guaranteed: 100, guaranteedToOthers: 2000 }
  expect(judgeClaim({ ...claim, guaranteed: 30 }, registry, terms).guaranteed).toBe(30)
})

test('however tenants claim, no host has two holders and the shares fit the fleet', () => {
  const hostNames = ['a.example', 'b.example', 'c.example']
  const ask = fc.record({
    uid: fc.constantFrom('u1', 'u2', 'u3'),
    hosts: fc.subarray(hostNames),
    guaranteed: fc.integer({ min: 0, max: 700 }),
    waitMs: fc.integer({ min: 0, max: 90_000 }),
  })
  fc.assert(
    fc.property(fc.array(ask, { maxLength: 30 }), (asks) => {
      const world = playClaims(asks)
      expect([...world.shares.values()].reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(terms.capacity)
      expect(world.stolen).toEqual([])
    }),
  )
})

interface Ask {
  readonly uid: string
  readonly hosts: readonly string[]
  readonly guaranteed: number
  readonly waitMs: number
}

// The registry's transaction, in memory.
function playClaims(asks: readonly Ask[]) {
  const hosts = new Map<string, HeldHost>()
  const shares = new Map<string, number>()
  const stolen: string[] = []
  let nowMs = terms.nowMs
  for (const { uid, hosts: asked, guaranteed, waitMs } of asks) {
    nowMs += waitMs
    const seen = [...hosts.values()].filter((entry) => asked.includes(entry.host) || entry.tenantUid === uid)
    const others = [...shares].filter(([owner]) => owner !== uid).reduce((sum, [, share]) => sum + share, 0)
    const registry = { issuers: [], hosts: seen, guaranteed: shares.get(uid), guaranteedToOthers: others }
    const judged = judgeClaim({ ...claim, uid, hosts: asked, guaranteed }, registry, { ...terms, nowMs })
    for (const host of judged.take) {
      const holder = hosts.get(host)
      if (holder !== undefined && holder.tenantUid !== uid && (holder.quarantinedUntilMs ?? Infinity) > nowMs)
        stolen.push(host)
      hosts.set(host, held(host, uid))
    }
    for (const host of judged.release) hosts.set(host, held(host, uid, nowMs + terms.quarantineMs))
    shares.set(uid, judged.guaranteed)
  }
  return { shares, stolen }
}

const asking = { ...claim, issuer: 'https://idp.acme.example' }
const settled: Registry = {
  ...{ hosts: claim.hosts.map((host) => held(host, 'u1')), guaranteed: 100, guaranteedToOthers: 0 },
  issuers: [{ issuer: 'https://idp.acme.example', tenantUid: 'u1' }],
}

test.each([
  ['a free issuer is taken', asking, [], { granted: asking.issuer, isRefused: false, take: true, release: [] }],
  ['an issuer that the tenant has changes nothing', asking, settled.issuers, { take: false, release: [] }],
  [
    "another tenant's issuer is refused",
    asking,
    [{ issuer: asking.issuer, tenantUid: 'u2' }],
    { granted: undefined, isRefused: true, take: false },
  ],
  [
    'the issuer of the incarnation that is taken up is granted',
    { ...asking, formerUid: 'u0' },
    [{ issuer: asking.issuer, tenantUid: 'u0' }],
    { granted: asking.issuer, isRefused: false, take: true },
  ],
  [
    'a refused issuer leaves the tenant with the one that it has',
    { ...asking, issuer: 'https://b' },
    [...settled.issuers, { issuer: 'https://b', tenantUid: 'u2' }],
    { granted: asking.issuer, isRefused: true, take: false, release: [] },
  ],
  [
    'another issuer takes the place of the old one',
    { ...asking, issuer: 'https://b' },
    settled.issuers,
    { granted: 'https://b', take: true, release: [asking.issuer] },
  ],
  [
    'an issuer that is asked for no more is released',
    claim,
    settled.issuers,
    { granted: undefined, release: [asking.issuer] },
  ],
] as const)('%s', (_title, asked, issuers, expected) => {
  const judged = judgeClaim(asked, { ...settled, issuers }, terms)
  expect(judged.issuer).toMatchObject(expected)
  expect(judged.changes).toBe(judged.issuer.take || judged.issuer.release.length > 0)
})
