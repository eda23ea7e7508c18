import type { Tenant as TenantObject } from '@bulkhead/crds'
import { TYPE_URLS, decode } from '@bulkhead/envoy'
import type { KubeObject } from '@bulkhead/runtime'
import { KubeFault, createLogger } from '@bulkhead/runtime'
import { advanceUntil } from '@bulkhead/runtime/testing'
import type { Fleet } from '@bulkhead/xds'
import { describe, expect, test } from 'vitest'
import { aTenant } from '../build/testing/fixtures.ts'
import { acmeId, populated, start } from '../testing/control-plane.ts'
import { kindInfo } from '../watch/seen.ts'
import { secretKind } from './secret-object.ts'
import { issue, tlsSecret } from './testing/issue.ts'

const { Tenant } = kindInfo
const host = 'api.acme.example'
const first = await issue([host])
const second = await issue([host])
const brief = await issue([host], { validTo: '2026-03-01T00:01:00Z' })
const foreign = await issue(['api.globex.example'])

/** A Tenant that asks for the host with a certificate of its own; the host is granted unless told. */
function asking(name = 'acme', granted: readonly string[] = [`${name}.gw.test`, host], secret = 'api'): TenantObject {
  const hostnames = [{ host, certificateRef: { name: secret } }]
  return aTenant(name, { spec: { hostnames }, status: { granted: { hostnames: granted, guaranteed: 10 } } })
}

function served(fleet: Fleet, name = host): string | undefined {
  const found = fleet.store.find(TYPE_URLS.secret, name)?.resource
  const message = found && decode('envoy.extensions.transport_sockets.tls.v3.Secret', found.bytes)
  return message?.tlsCertificate?.certificateChain?.inlineString
}

async function startWith(
  secret: KubeObject | undefined,
  tenants = [asking()],
  { lines = [], readFault }: { readonly lines?: string[]; readonly readFault?: Error } = {},
) {
  const api = populated()
  api.readFault = readFault
  for (const tenant of tenants) {
    // Anew: another spec would be another generation, and the grants are for the first.
    api.remove(Tenant, tenant.metadata.name)
    api.put(Tenant, tenant)
  }
  if (secret !== undefined) api.put(secretKind, secret)
  const destination = { write: (line: string) => lines.push(line) }
  const started = await start(api, { logger: createLogger({ name: 'test', level: 'debug', destination }) })
  started.envoy()
  started.policy.takeUp()
  const said = (name = 'acme') => api.conditions(Tenant, { name }).find(({ type }) => type === 'Programmed')
  const put = (change: KubeObject) => api.put(secretKind, change)
  return { ...started, said, put }
}

const secretOf = (pair: typeof first, namespace = 'tenant-acme') => tlsSecret(namespace, 'api', pair)

test('a host has its own certificate from the start, and every other one that of the platform', async () => {
  const { fleet, said, settle } = await startWith(secretOf(first))
  expect(served(fleet)).toBe(first.cert + '\n')
  expect(served(fleet, 'acme.gw.test')).toBe('CERT')
  await settle(() => said()?.reason === 'Programmed')
})

test('a new one takes its place, and nothing else of the tenant changes', async () => {
  const { fleet, put, settle } = await startWith(secretOf(first))
  const others = () =>
    [...fleet.store.published(acmeId)].flatMap(([key, { version }]) => (key.endsWith(host) ? [] : [key, version]))
  const before = others()
  expect(before.length).toBeGreaterThan(4)
  put(secretOf(second))
  await settle(() => served(fleet) === `${second.cert}\n`)
  expect(others()).toEqual(before)
})

test('S-119 one that cannot be used leaves the last good, says why, and is mended without a restart', async () => {
  const { fleet, put, said, settle } = await startWith(secretOf(first))
  put(secretOf({ cert: second.cert, key: first.key }))
  await settle(() => said()?.reason === 'CertificateInvalid')
  expect(said()?.message).toBe(
    'spec.hostnames[0].certificateRef: Secret "api" holds a key that is not that of the first certificate under ' +
      'tls.crt; the last good certificate is served until it ends',
  )
  expect(served(fleet)).toBe(`${first.cert}\n`)
  put(secretOf(second))
  await settle(() => said()?.reason === 'Programmed' && served(fleet) === `${second.cert}\n`)
})

test('a Secret that goes leaves the last good, until it ends; then nobody is let in by it', async () => {
  const { api, clock, fleet, said, settle } = await startWith(secretOf(brief))
  expect(served(fleet)).toBe(`${brief.cert}\n`)
  api.remove(secretKind, 'api', 'tenant-acme')
  await settle(() => said()?.reason === 'SecretNotFound')
  expect(served(fleet)).toBe(`${brief.cert}\n`)
  await advanceUntil(clock, () => served(fleet) === undefined)
  await settle(() => said()?.message.includes('until it ends') === false)
  expect(said()?.message).toContain("only a certificate of the platform's own that stands for the host is served")
})

test('S-119 one that ends is said to have ended, and is served no more', async () => {
  const { clock, fleet, said, settle } = await startWith(secretOf(brief))
  await advanceUntil(clock, () => served(fleet) === undefined)
  await settle(() => said()?.reason === 'CertificateInvalid')
  expect(said()?.message).toContain('ended at 2026-03-01T00:01:00Z')
})

test.each([
  ['is not there', undefined, 'SecretNotFound'],
  ['stands for another host', secretOf(foreign), 'CertificateInvalid'],
  ['is no TLS Secret', { ...secretOf(first), type: 'Opaque' }, 'CertificateInvalid'],
])('a first one that %s gives the host nothing, and holds up no other', async (_title, secret, reason) => {
  const { fleet, said, settle } = await startWith(secret)
  await settle(() => said()?.reason === reason)
  expect(served(fleet)).toBeUndefined()
  expect([served(fleet, 'acme.gw.test'), served(fleet, 'globex.gw.test')]).toEqual(['CERT', 'CERT'])
})

test('a Secret that cannot be read leaves what was good, and a start waits for it only so long', async () => {
  const readFault = new Error('the API server gave no answer')
  const { api, clock, fleet, said, settle } = await startWith(secretOf(first), [asking()], { readFault })
  expect([served(fleet), served(fleet, 'acme.gw.test')]).toEqual([undefined, 'CERT'])
  api.readFault = undefined
  await settle(() => served(fleet) === `${first.cert}\n`)
  api.readFault = readFault
  await clock.advance(60_000)
  expect(served(fleet)).toBe(`${first.cert}\n`)
  await settle(() => said()?.reason === 'Programmed')
})

test('one that may not be read is waited for, and told', async () => {
  const readFault = new KubeFault('get secrets', { status: 403, reason: 'Forbidden', detail: 'no right' })
  const { api, fleet, said, settle } = await startWith(secretOf(first), [asking()], { readFault })
  await settle(() => said()?.reason === 'Waiting')
  expect(said()?.message).toContain('may not be read yet')
  api.readFault = undefined
  await settle(() => served(fleet) === `${first.cert}\n` && said()?.reason === 'Programmed')
})

test('D-16 one that an Envoy refuses is told in its words, and what was good before takes its place', async () => {
  const { fleet, put, said, settle } = await startWith(secretOf(first))
  put(secretOf(second))
  await settle(() => served(fleet) === `${second.cert}\n`)
  const refuse = () => {
    const version = fleet.store.find(TYPE_URLS.secret, host)?.resource?.version
    const entries = [{ name: host, group: acmeId, version }]
    fleet.refusedAside({ typeUrl: TYPE_URLS.secret, groups: [acmeId], entries, error: 'no such\u0000curve' })
  }
  refuse()
  await settle(() => said()?.reason === 'CertificateInvalid')
  expect(said()?.message).toContain('refused: no such curve; the last good certificate is served until it ends')
  expect(served(fleet)).toBe(`${first.cert}\n`)
  // Both refused: nobody is left with nothing.
  refuse()
  await settle(() => said()?.message.includes('Envoys that have another one keep it') === true)
  expect(served(fleet)).toBe(`${second.cert}\n`)
})

test('S-149 no key is in a log line, a status or an event, whatever is wrong with it', async () => {
  const lines: string[] = []
  const { api, put, said, settle } = await startWith(secretOf(first), [asking()], { lines })
  put(secretOf({ cert: second.cert, key: first.key }))
  await settle(() => said()?.reason === 'CertificateInvalid')
  put(secretOf(second))
  await settle(() => said()?.reason === 'Programmed')
  const told = [...lines, JSON.stringify([api.writes, api.events])].join('')
  expect(told).toContain('certificate of a host is in use')
  for (const { key } of [first, second])
    for (const line of key.split('\n').slice(1, -1)) expect(told).not.toContain(line)
})

describe("another tenant's", () => {
  const theirs = asking('globex', ['globex.gw.test'])

  test('S-119 certificate for a host that is granted to acme is not even read', async () => {
    const { api, fleet, put, clock } = await startWith(secretOf(first), [asking(), theirs])
    put(tlsSecret('tenant-globex', 'api', second))
    await clock.advance(30_000)
    expect(served(fleet)).toBe(`${first.cert}\n`)
    expect([...api.reads]).toEqual(['Secret tenant-acme/api'])
    // The control: once the host is granted to it, it is read, and stands.
    api.put(Tenant, asking('acme', ['acme.gw.test']))
    api.put(Tenant, asking('globex', ['globex.gw.test', host]))
    await advanceUntil(clock, () => served(fleet) === `${second.cert}\n`)
    expect([...api.reads]).toContain('Secret tenant-globex/api')
  })

  test('S-119 Secret of the same name is never read', async () => {
    const { api, fleet, said, settle } = await startWith(secretOf(first, 'tenant-globex'))
    await settle(() => said()?.reason === 'SecretNotFound')
    expect(served(fleet)).toBeUndefined()
    expect([...api.reads]).toEqual(['Secret tenant-acme/api'])
  })

  test('S-131 namespace that only bears the name of this tenant gives nothing', async () => {
    const mine = asking()
    const { api, fleet, clock } = await startWith(secretOf(first), [{ ...mine, status: { ...mine.status, id: 'x' } }])
    await clock.advance(30_000)
    expect(served(fleet)).toBeUndefined()
    expect([...api.reads]).toEqual([])
  })
})
