import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensurePki, leafPlans } from './pki.ts'

const nowMs = Date.parse('2026-06-01T00:00:00Z')
const monthMs = 30 * 24 * 3_600_000
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-pki-'))
  await ensurePki(folder, nowMs)
})
afterAll(() => rm(folder, { recursive: true }))

async function certificate(name: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(folder, `${name}.crt`)))
}

test.each(leafPlans.map((plan) => [plan.name, plan.authority] as const))(
  '%s is issued by %s alone and its key fits',
  async (name, authority) => {
    const leaf = await certificate(name)
    for (const one of ['kube-ca', 'etcd-ca', 'mesh-ca', 'edge-ca', 'issuer-ca']) {
      expect(leaf.verify((await certificate(one)).publicKey)).toBe(one === authority)
    }
    expect(leaf.checkPrivateKey(createPrivateKey(await readFile(join(folder, `${name}.key`))))).toBe(true)
    expect(leaf.ca).toBe(false)
  },
)

test('the fleet is known by the URI in its certificate', async () => {
  expect((await certificate('envoy')).subjectAltName).toBe('URI:spiffe://bulkhead/fleet/shared/envoy')
  expect((await certificate('opa')).subjectAltName).toBe('URI:spiffe://bulkhead/fleet/shared/opa')
  expect((await certificate('xds-server')).subjectAltName).toContain('URI:spiffe://bulkhead/xds-server')
  expect((await certificate('xds-server')).checkIP('127.0.0.1')).toBe('127.0.0.1')
})

test('the edge certificate is for every host under the base domain and for no other', async () => {
  const edge = await certificate('edge')
  expect(edge.checkHost('acme.gw.test')).toBe('*.gw.test')
  expect(edge.checkHost('acme.example')).toBeUndefined()
})

test('no key can be read by anybody else', async () => {
  for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o077, name).toBe(0)
})

test('certificates are kept while they last and made again in their last month', async () => {
  const before = (await certificate('envoy')).serialNumber
  await ensurePki(folder, nowMs + monthMs)
  expect((await certificate('envoy')).serialNumber).toBe(before)
  await ensurePki(folder, nowMs + 12 * monthMs)
  expect((await certificate('envoy')).serialNumber).not.toBe(before)
})
