// Which Secrets the xds-server may read, on a real API server with the rights and the policies that are shipped.
import { isForbidden } from '@bulkhead/runtime'
import type { KubeClient } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roleKind, secretKind } from '../../kubernetes/kinds.ts'
import { startCluster } from '../../testing/cluster.ts'
import type { Cluster } from '../../testing/cluster.ts'

let cluster: Cluster
let xdsServer: KubeClient
const namespace = 'tenant-acme'
const patient = { timeout: 30_000, interval: 100 }
const naming = (...names: string[]) => ({
  hostnames: names.map((name) => ({ host: `${name}.acme.example`, certificateRef: { name } })),
})
const read = (name: string, where = namespace) => xdsServer.get({ kind: secretKind, namespace: where, name })
const mayRead = (name: string, where?: string) =>
  read(name, where).then(
    () => true,
    (error: unknown) => !isForbidden(error),
  )

beforeAll(async () => {
  cluster = await startCluster()
  xdsServer = await cluster.person('system:serviceaccount:bulkhead-system:bulkhead-xds-server')
  await cluster.furnish('acme', naming('api', 'shop'))
  await cluster.furnish('globex')
  for (const [where, name] of [
    [namespace, 'api'],
    [namespace, 'shop'],
    [namespace, 'private'],
    ['tenant-globex', 'api'],
  ] as const)
    await cluster.admin.create(secretKind, { metadata: { name, namespace: where } })
}, 300_000)

afterAll(() => cluster.stop())

test('H-04 S-119 the xds-server reads the Secrets that a Tenant names for its hosts, and no other', async () => {
  await expect.poll(() => mayRead('api'), patient).toBe(true)
  expect((await read('shop')).metadata.name).toBe('shop')
  await expect(read('private')).rejects.toSatisfy(isForbidden)
  await expect(read('api', 'tenant-globex')).rejects.toSatisfy(isForbidden)
  await expect(xdsServer.list(secretKind, { namespace })).rejects.toSatisfy(isForbidden)
  await expect(xdsServer.list(secretKind)).rejects.toSatisfy(isForbidden)
  const body = { metadata: { name: 'api', namespace } }
  await expect(xdsServer.patch({ kind: secretKind, ...body.metadata }, { type: 'merge', body })).rejects.toSatisfy(
    isForbidden,
  )
})

test('H-04 what is named no more may be read no more', async () => {
  await cluster.furnish('acme', naming('shop'))
  await expect.poll(() => mayRead('api'), patient).toBe(false)
  expect(await mayRead('shop')).toBe(true)
  const { steps } = await cluster.furnish('acme', { hostnames: [{ host: 'shop.acme.example' }] })
  expect(steps).toEqual(['delete Role'])
  await expect.poll(() => mayRead('shop'), patient).toBe(false)
  expect(await cluster.admin.find({ kind: roleKind, namespace, name: 'bulkhead-edge-certificates' })).toBeUndefined()
  const settled = await cluster.furnish('acme', { hostnames: [{ host: 'shop.acme.example' }] })
  expect(settled.steps).toEqual([])
})
