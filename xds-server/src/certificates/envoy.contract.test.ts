// From the Secret to the handshake: the control plane as it is, and a real Envoy in front of clients.
import { TYPE_URLS } from '@bulkhead/envoy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aTenant } from '../build/testing/fixtures.ts'
import { populated, startPlane } from '../testing/control-plane.ts'
import { serveFleet } from '../translate/testing/control-plane.ts'
import type { ServedFleet } from '../translate/testing/control-plane.ts'
import { freePort, startEnvoy } from '../translate/testing/live-envoy.ts'
import type { LiveEnvoy } from '../translate/testing/live-envoy.ts'
import { kindInfo } from '../watch/seen.ts'
import { secretKind } from './secret-object.ts'
import { fingerprint, handshake, keptConnection } from './testing/client.ts'
import type { KeptConnection } from './testing/client.ts'
import { asVersionOne, issue, tlsSecret } from './testing/issue.ts'
import type { Issued } from './testing/issue.ts'

const { Tenant } = kindInfo
const host = 'api.acme.example'
const nobodysPort = 9
const readEveryMs = 12_000
const platform = await issue(['*.gw.test'])
const refused = 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'
const patience = { timeout: 15_000, interval: 20 }

const api = populated()
let port: number
let plane: Awaited<ReturnType<typeof startPlane>>
let served: ServedFleet
let envoy: LiveEnvoy
let current = await issue([host])
const connections: KeptConnection[] = []

const askFor = (name: string, hostnames: readonly string[]) =>
  aTenant(name, {
    spec: { hostnames: [{ host, certificateRef: { name: 'api' } }] },
    status: { granted: { hostnames, guaranteed: 10 } },
  })
const at = (name = host) => handshake(port, name)
const open = (name: string) => {
  const connection = keptConnection(port, name)
  connections.push(connection)
  return connection
}

/** Puts a certificate into the tenant's Secret, as one who rotates it does. */
function put(pair: Issued, namespace = 'tenant-acme'): void {
  api.put(secretKind, tlsSecret(namespace, 'api', pair))
}

describe('with a real Envoy', () => {
  beforeAll(async () => {
    port = await freePort()
    api.remove(Tenant, 'acme')
    api.put(Tenant, askFor('acme', ['acme.gw.test', host]))
    put(current)
    plane = await startPlane(api, { listenerPort: port, edge: { hosts: ['*.gw.test'], ...platform } })
    served = await serveFleet(plane.fleet)
    envoy = await startEnvoy({ controlPlane: served, policy: nobodysPort, limits: nobodysPort })
    await envoy.waitUntil('/ready', (body) => body.startsWith('LIVE'))
    await envoy.waitUntil('/listeners', (body) => body.includes('edge::'))
  })

  afterAll(async () => {
    for (const connection of connections) connection.close()
    await envoy.stop()
    await served.stop()
    await plane.control.stop()
  })

  test('a host answers with its own certificate, and every other with that of the platform', async () => {
    expect(await at()).toBe(fingerprint(current))
    expect(await at('acme.gw.test')).toBe(fingerprint(platform))
    expect(await at('globex.gw.test')).toBe(fingerprint(platform))
  })

  test('F-13 twenty rotations fail no handshake, drain nothing, and close no connection', async () => {
    const mine = open(host)
    const theirs = open('globex.gw.test')
    const before = [await mine.ask(), await theirs.ask()]
    const listeners = () =>
      envoy.waitUntil('/stats?filter=listener_manager.(listener_.*|total_listeners_draining)$', () => true)
    const untouched = await listeners()
    const seen = new Set<string>()
    for (let turn = 0; turn < 20; turn += 1) {
      current = await issue([host])
      put(current)
      const isRead = plane.clock.advance(readEveryMs)
      for (let tries = 0; tries < 50 && !seen.has(fingerprint(current)); tries += 1)
        for (const got of await Promise.all([at(), at(), at(), at()])) seen.add(got)
      await isRead
      expect(seen).toContain(fingerprint(current))
      expect([await mine.ask(), await theirs.ask()]).toEqual(before)
    }
    expect(
      [...seen].filter((each) => !each.includes(':')),
      'what is no fingerprint is a failure',
    ).toEqual([])
    expect(seen.size).toBeGreaterThanOrEqual(20)
    expect(await listeners()).toBe(untouched)
  })

  test('S-119 D-16 what cannot be used does not take the place of what is good', async () => {
    const good = fingerprint(current)
    const others = [await issue([host]), await issue(['api.globex.example'])] as const
    const ended = await issue([host], { validTo: '2021-01-01' })
    for (const [bad, words] of [
      [{ ...others[0], key: others[1].key }, 'holds a key that is not that of the first certificate'],
      [others[1], `does not stand for "${host}"`],
      [ended, 'ended at 2021-01-01T00:00:00Z'],
      [asVersionOne(others[0]), 'holds a certificate that an Envoy refused'],
    ] as const) {
      put(bad)
      await plane.settle(() => api.conditions(Tenant, { name: 'acme' }).some(({ message }) => message.includes(words)))
      expect(await at()).toBe(good)
    }
    put(others[0])
    await plane.clock.advance(readEveryMs)
    await expect.poll(() => at(), patience).toBe(fingerprint(others[0]))
    current = others[0]
  })

  test("S-119 globex's certificate for acme's host is shown to nobody until the host is globex's", async () => {
    const theirs = await issue([host])
    put(theirs, 'tenant-globex')
    api.put(Tenant, askFor('globex', ['globex.gw.test']))
    await plane.clock.advance(3 * readEveryMs)
    expect(await at()).toBe(fingerprint(current))
    api.put(Tenant, askFor('acme', ['acme.gw.test']))
    api.put(Tenant, askFor('globex', ['globex.gw.test', host]))
    await plane.clock.advance(3 * readEveryMs)
    await expect.poll(() => at(), patience).toBe(fingerprint(theirs))
  })

  test('a host whose reference goes has no certificate left, and the others have theirs', async () => {
    const kept = open('globex.gw.test')
    const before = await kept.ask()
    api.put(Tenant, aTenant('globex'))
    await plane.clock.advance(readEveryMs)
    await expect.poll(() => at(), patience).toBe(refused)
    expect(await at('globex.gw.test')).toBe(fingerprint(platform))
    expect(await kept.ask()).toBe(before)
  })

  test('S-028 S-143 a flood of names that nobody has leaves nothing behind, and stops nobody', async () => {
    const streams = served.streamCount()
    const names = () => [...plane.fleet.store.names(TYPE_URLS.secret)]
    const before = names()
    for (let turn = 0; turn < 10; turn += 1) {
      const flood = Array.from({ length: 20 }, (_, index) => at(`${turn}-${index}.flood.example`))
      expect(await at('acme.gw.test')).toBe(fingerprint(platform))
      expect(new Set(await Promise.all(flood))).toEqual(new Set([refused]))
    }
    expect(await handshake(port, undefined)).toBe(refused)
    await expect.poll(() => served.streamCount(), patience).toBe(streams)
    expect(before.length).toBeGreaterThan(0)
    expect(names()).toEqual(before)
    expect(served.faults).toEqual([])
  })

  test('S-149 what Envoy shows of itself holds no key', async () => {
    api.put(Tenant, askFor('acme', ['acme.gw.test', host]))
    put(current)
    await plane.clock.advance(readEveryMs)
    await expect.poll(() => at(), patience).toBe(fingerprint(current))
    const dump = await envoy.waitUntil('/config_dump?include_eds', (body) => body.includes(host))
    expect(dump).toContain('[redacted]')
    for (const { key } of [current, platform])
      expect(key.split('\n').filter((line) => line.length > 40 && dump.includes(line))).toEqual([])
  })

  test('F-02 without its control plane Envoy goes on with the certificates that it has', async () => {
    await served.stop()
    expect(await at()).toBe(fingerprint(current))
    expect(await at('globex.gw.test')).toBe(fingerprint(platform))
  })
})
