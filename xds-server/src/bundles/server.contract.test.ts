import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { silentLogger, systemClock } from '@bulkhead/runtime'
import type { Clock } from '@bulkhead/runtime'
import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import type { TestAuthority, TestCertificate } from '@bulkhead/runtime/testing-certificates'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TenantData } from './data.ts'
import { eventually, policyFile, startOpa } from './testing/live-opa.ts'
import type { LiveOpa } from './testing/live-opa.ts'
import { openChecks } from './testing/checks.ts'
import type { Question } from './testing/checks.ts'
import { sampleSubscription, sampleTenant } from './testing/sample.ts'
import { createBundleServer } from './server.ts'
import type { BundleServer, OpaReport } from './server.ts'

const pool = { requests_per_unit: 1000, unit: 'SECOND' } as const
const acme = sampleTenant('acme', {
  subscriptions: { 'sub-1': sampleSubscription },
  plans: { 'plan-1': { limits: { second: { requests_per_unit: 5, unit: 'SECOND' } } } },
})

let authority: TestAuthority
let serverPair: TestCertificate
let opaPair: TestCertificate
let server: BundleServer
let aheadMs = 0
const stops: (() => Promise<void>)[] = []
// The machine's time, and a test may be ahead of it.
const clock: Clock = { now: () => systemClock.now() + aheadMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) }

function clientOf(uri: string, from = authority): Promise<TestCertificate> {
  return from.issue({ commonName: 'opa', names: [{ type: 'url', value: uri }] })
}

function startServer(incarnation: string): Promise<BundleServer> {
  return readFile(policyFile, 'utf8').then((policy) =>
    createBundleServer({
      fleet: 'shared',
      host: '127.0.0.1',
      port: 0,
      tls: { ...serverPair, clientCa: authority.caCert },
      policy,
      pool,
      incarnation,
      clock,
      logger: silentLogger,
    }),
  )
}

async function opaOf(port: number): Promise<LiveOpa> {
  const bundlesUrl = `https://127.0.0.1:${port}`
  const opa = await startOpa({ id: 'opa-0', bundlesUrl, caCert: authority.caCert, client: opaPair })
  stops.push(() => opa.stop('SIGKILL'))
  return opa
}

/** What an Envoy would ask for a subscriber of acme. */
function subscriber(): Question {
  const now = Math.floor(systemClock.now() / 1000)
  return {
    contextExtensions: {
      ...{ tenant: 'acme', namespace: 'tenant-acme', toolset: 'toolset-1', tool: 'tool-1', access: 'Subscribed' },
    },
    payload: { iss: acme.issuer, aud: acme.audiences[0] ?? '', azp: 'sub-1', iat: now, exp: now + 300 },
  }
}

/** The same as input of the policy. */
function question(): unknown {
  const { contextExtensions, payload } = subscriber()
  return {
    attributes: {
      contextExtensions,
      metadataContext: { filterMetadata: { 'envoy.filters.http.jwt_authn': { payload } } },
      request: { http: { method: 'GET' } },
    },
  }
}

function publishAcme(edit: Partial<TenantData> = {}): string {
  return server.publish([{ kind: 'upsertTenant', id: 'acme', tenant: { ...acme, ...edit } }])
}

function reportOf(wanted: (report: OpaReport) => boolean): Promise<OpaReport> {
  return new Promise((resolve) => {
    const end = server.onStatus((report) => {
      if (!wanted(report)) return
      end()
      resolve(report)
    })
  })
}

function taken(revision: string): Promise<OpaReport> {
  return reportOf(({ instance }) => instance.revision === revision)
}

/** The status of one request, or the code of the connection's failure. */
function statusFor(pair: TestCertificate | undefined): Promise<number | string> {
  return new Promise((resolve) => {
    const identity = pair === undefined ? {} : { cert: pair.cert, key: pair.key }
    const asked = request(
      {
        host: '127.0.0.1',
        port: server.port,
        path: '/bundles/shared.tar.gz',
        ca: authority.caCert,
        agent: false,
        ...identity,
      },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      },
    )
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    asked.end()
  })
}

describe('with a real OPA', () => {
  beforeAll(async () => {
    authority = await createTestAuthority()
    serverPair = await authority.issue({ commonName: 'xds-server', names: [{ type: 'ip', value: '127.0.0.1' }] })
    opaPair = await clientOf('spiffe://bulkhead/fleet/shared/opa')
  })

  beforeEach(async () => {
    aheadMs = 0
    server = await startServer('one')
    stops.push(() => server.close())
  })

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })

  test('OPA decides nothing before the data is complete, and everything from then on', async () => {
    const opa = await opaOf(server.port)
    const revision = publishAcme()
    expect(await opa.decide(question())).toBe('undecided')
    const activated = taken(revision)
    server.open()
    await activated
    expect(await opa.decide(question())).toMatchObject({
      allowed: true,
      dynamic_metadata: { tenant: 'acme', subscription: 'subscription-1' },
    })
    expect(server.programmed(revision)).toMatchObject({ connected: [{ id: 'opa-0', revision }], holding: 1 })
  })

  test('revoking a subscription takes effect, and the report says how fast', async () => {
    const opa = await opaOf(server.port)
    const first = taken(publishAcme())
    server.open()
    await first
    const suspended = { 'sub-1': { ...sampleSubscription, suspended: true } }
    const revision = publishAcme({ subscriptions: suspended })
    expect(server.programmed(revision).holding).toBe(0)
    const { delayMs } = await taken(revision)
    expect(delayMs).toEqual(expect.any(Number))
    expect(await opa.decide(question())).toMatchObject({ allowed: false, http_status: 403 })
    const restored = publishAcme()
    await taken(restored)
    expect(await opa.decide(question())).toMatchObject({ allowed: true })
  })

  // An agent that compiles in place dies at the first of these edits.
  test('F-43 decisions are made, and made right, while another tenant is edited again and again', async () => {
    const opa = await opaOf(server.port)
    const first = taken(publishAcme())
    server.open()
    await first
    const checks = openChecks(opa.socketPath, 10_000)
    stops.push(() => {
      checks.close()
      return Promise.resolve()
    })
    const answers: string[] = []
    let isOver = false
    const callers = Array.from({ length: 4 }, async () => {
      while (!isOver) answers.push(await checks.ask(subscriber()))
    })
    for (let edit = 1; edit <= 25; edit += 1) {
      const globex = sampleTenant('globex', { maxTokenLifetimeSeconds: 100 + edit })
      const { instance } = await taken(server.publish([{ kind: 'upsertTenant', id: 'globex', tenant: globex }]))
      expect(instance.problem).toBeUndefined()
    }
    isOver = true
    await Promise.all(callers)
    expect(answers.length).toBeGreaterThan(25)
    expect(new Set(answers)).toEqual(new Set(['allowed']))
    expect(await opa.log()).not.toContain('panic')
  })

  // Without the empty object where the policy stands OPA copies all data once per rule: seconds for each change.
  test('among 4,000 tenants a change takes effect', async () => {
    const others = Array.from({ length: 4000 }, (_, index) => `tenant-${index}`)
    server.publish(others.map((id) => ({ kind: 'upsertTenant', id, tenant: { ...acme, issuer: `https://${id}` } })))
    const opa = await opaOf(server.port)
    const first = taken(publishAcme())
    server.open()
    await first
    await taken(publishAcme({ suspended: true }))
    expect(await opa.decide(question())).toMatchObject({ allowed: false })
  })

  test('tenants come and go, with issuers of every spelling', async () => {
    await opaOf(server.port)
    const first = taken(publishAcme())
    server.open()
    await first
    const issuer = 'https://id.test/a%2Fb/~c?d=e#f'
    const globex = sampleTenant('globex', { issuer })
    await taken(server.publish([{ kind: 'upsertTenant', id: 'globex', tenant: globex }]))
    await taken(server.publish([{ kind: 'removeTenant', id: 'globex' }]))
    const { instance } = await taken(server.publish([{ kind: 'setPool', pool: { ...pool, requests_per_unit: 5 } }]))
    expect(instance.problem).toBeUndefined()
  })

  test('F-41 an OPA that was killed is missed, and one that comes back gets everything', async () => {
    const opa = await opaOf(server.port)
    const revision = publishAcme()
    const first = taken(revision)
    server.open()
    await first
    await opa.stop('SIGKILL')
    await eventually(
      () => Promise.resolve(aheadMs),
      () => {
        aheadMs = 6_000
        return server.programmed(revision).connected.length === 0
      },
    )
    aheadMs = 0
    const again = await opaOf(server.port)
    await eventually(
      () => again.decide(question()),
      (decision) => decision !== 'undecided',
    )
    expect(await again.decide(question())).toMatchObject({ allowed: true })
  })

  test('a replica that starts elsewhere with the same content is taken up without a new bundle', async () => {
    const opa = await opaOf(server.port)
    const first = taken(publishAcme())
    server.open()
    await first
    const { port } = server
    const policy = await readFile(policyFile, 'utf8')
    await server.close()
    expect(await opa.decide(question())).toMatchObject({ allowed: true })
    const tls = { ...serverPair, clientCa: authority.caCert }
    const logger = silentLogger
    server = await createBundleServer({
      fleet: 'shared',
      host: '127.0.0.1',
      port,
      tls,
      policy,
      pool,
      incarnation: 'two',
      clock,
      logger,
    })
    const same = publishAcme()
    const seen = reportOf(() => true)
    server.open()
    await seen
    expect(server.programmed(same).holding).toBe(1)
    await taken(publishAcme({ suspended: true }))
    expect(await opa.decide(question())).toMatchObject({ allowed: false })
  })

  test('S-151 only a client of our authority, with the identity of this fleet, gets a bundle', async () => {
    publishAcme()
    server.open()
    expect(await statusFor(opaPair)).toBe(200)
    expect(await statusFor(await clientOf('spiffe://bulkhead/fleet/other/opa'))).toBe(403)
    expect(await statusFor(await clientOf('spiffe://bulkhead/fleet/shared/envoy'))).toBe(403)
    const stranger = await createTestAuthority('stranger')
    expect(await statusFor(await clientOf('spiffe://bulkhead/fleet/shared/opa', stranger))).toEqual(expect.any(String))
    expect(await statusFor(undefined)).toEqual(expect.any(String))
  })

  test('closing ends the waits of an OPA at once', async () => {
    await opaOf(server.port)
    const first = taken(publishAcme())
    server.open()
    await first
    const startMs = performance.now()
    await server.close()
    expect(performance.now() - startMs).toBeLessThan(5_000)
  })
})
