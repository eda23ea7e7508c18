import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../clock.ts'
import { createConnector } from '../kubernetes/access.ts'
import { createKubeClient } from '../kubernetes/client.ts'
import type { KubeClient } from '../kubernetes/kube-client.ts'
import type { KubeKind, KubeObject } from '../kubernetes/kind.ts'
import { readBody, send } from '../kubernetes/transport.ts'
import type { WireRequest } from '../kubernetes/transport.ts'
import { createLogger, silentLogger } from '../logger.ts'
import { createMetrics } from '../metrics.ts'
import type { MetricsRegistry } from '../metrics.ts'
import { startTestApiServer } from '../testing/api-server.ts'
import type { TestApiServer } from '../testing/api-server.ts'
import { startFaultProxy } from '../testing/fault-proxy.ts'
import { superviseListWatch } from './supervise-list-watch.ts'
import type { ListWatch } from './types.ts'

// What becomes of a list and watch when a real API server no longer lets us in, and then does again.
const core = { group: '', version: 'v1' }
const configMaps: KubeKind = { ...core, plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const secrets: KubeKind = { ...core, plural: 'secrets', kind: 'Secret', namespaced: true }
const accounts: KubeKind = { ...core, plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true }
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' }
const roles: KubeKind = { ...rbac, plural: 'roles', kind: 'Role', namespaced: true }
const bindings: KubeKind = { ...rbac, plural: 'rolebindings', kind: 'RoleBinding', namespaced: true }
const namespace = 'default'
const patient = { timeout: 60_000, interval: 50 }

let server: TestApiServer
let admin: KubeClient

beforeAll(async () => {
  server = await startTestApiServer()
  admin = open(server.adminKubeconfigPath)
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch', 'get'] }]
  await admin.create(roles, { metadata: { name: 'reader', namespace }, rules })
})

afterAll(async () => {
  admin.close()
  await server.stop()
})

function open(kubeconfigPath: string, log?: string[]): KubeClient {
  const destination = { write: (line: string) => void log?.push(line) }
  const logger = log === undefined ? silentLogger : createLogger({ name: 't', level: 'info', destination })
  return createKubeClient({ kubeconfigPath, logger, clock: systemClock })
}

async function bind(name: string, subject: object): Promise<void> {
  const roleRef = { apiGroup: rbac.group, kind: 'Role', name: 'reader' }
  await admin.create(bindings, { metadata: { name, namespace }, roleRef, subjects: [subject] })
}

function follow(client: KubeClient, metrics: MetricsRegistry, signal: AbortSignal): ListWatch<KubeObject> {
  return superviseListWatch<KubeObject>({
    ...{ client, kind: configMaps, namespace, clock: systemClock, logger: silentLogger, metrics, signal },
    parse: (raw) => ({ ok: true, value: raw as KubeObject }),
    tuning: { backoffBaseMs: 500, backoffMaxMs: 2_000 },
  })
}

test('F-29 a permission that is taken away and given back: metric, back-off, and all that was missed', async () => {
  const user = { apiGroup: rbac.group, kind: 'User', name: 'tester' }
  await bind('tester', user)
  const proxy = await startFaultProxy(server.url)
  const client = open(await proxy.kubeconfig(server.kubeconfigPath))
  const metrics = createMetrics()
  const stop = new AbortController()
  const copy = follow(client, metrics, stop.signal)
  await copy.synced
  await admin.delete({ kind: bindings, namespace, name: 'tester' })
  // The API server asks once, when a watch begins: it lets an open one go on.
  proxy.set({ kind: 'reset' })
  proxy.set({ kind: 'pass' })
  const forbidden = /faults_total\{resource="configmaps",reason="forbidden"\} (\d+)/
  const refusals = async (): Promise<number> => Number(forbidden.exec(await metrics.text())?.[1] ?? 0)
  await expect.poll(refusals, patient).toBeGreaterThanOrEqual(2)
  expect(await metrics.text()).toContain('bulkhead_kubernetes_healthy{resource="configmaps"} 0')
  await admin.create(configMaps, { metadata: { name: 'missed', namespace } })
  const before = await refusals()
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  expect((await refusals()) - before).toBeLessThanOrEqual(5)
  expect(copy.store.get('default/missed')).toBeUndefined()
  await bind('tester', user)
  await expect.poll(() => copy.store.get('default/missed')?.metadata.name, patient).toBe('missed')
  expect(await metrics.text()).toContain('bulkhead_kubernetes_healthy{resource="configmaps"} 1')
  stop.abort(new Error('the test is over'))
  await copy.stopped
  client.close()
  await proxy.stop()
})

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) })

/** A token that is good for as long as a Secret of this name exists. */
async function tokenBoundTo(secret: string): Promise<string> {
  const { metadata } = await admin.create(secrets, { metadata: { name: secret, namespace } })
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: secret, uid: metadata.uid } },
  }
  const connection = await createConnector({ kubeconfigPath: server.adminKubeconfigPath }, systemClock).connect()
  const wire: WireRequest = {
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/reader/token`,
    contentType: 'application/json',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  }
  const answer = await readBody(await send(connection, wire), wire, 100_000)
  return tokenAnswer.parse(JSON.parse(answer)).status.token
}

const anyConfig = z.looseObject({ users: z.array(z.object({ name: z.string() })) })

/** A kubeconfig of an account whose token stands in a file. */
async function kubeconfigWithFile(tokenFile: string): Promise<string> {
  const config = anyConfig.parse(JSON.parse(await readFile(server.kubeconfigPath, 'utf8')))
  const path = `${server.kubeconfigPath}.account`
  const users = config.users.map(({ name }) => ({ name, user: { tokenFile } }))
  await writeFile(path, JSON.stringify({ ...config, users }))
  return path
}

test("a service account's token that was replaced on disk is used as soon as the old one is refused", async () => {
  await admin.create(accounts, { metadata: { name: 'reader', namespace } })
  await bind('account', { kind: 'ServiceAccount', name: 'reader', namespace })
  const tokenFile = `${server.kubeconfigPath}.token`
  await writeFile(tokenFile, await tokenBoundTo('first'))
  const file = await kubeconfigWithFile(tokenFile)
  const log: string[] = []
  const client = open(file, log)
  const metrics = createMetrics()
  const stop = new AbortController()
  const copy = follow(client, metrics, stop.signal)
  await copy.synced
  await writeFile(tokenFile, await tokenBoundTo('second'))
  await admin.delete({ kind: secrets, namespace, name: 'first' })
  // The API server believes a token for some seconds after it has checked it.
  const read = async (): Promise<boolean> => {
    await client.list(configMaps, { namespace })
    return log.some((line) => line.includes('credentials read again'))
  }
  await expect.poll(read, patient).toBe(true)
  await admin.create(configMaps, { metadata: { name: 'later', namespace } })
  await expect.poll(() => copy.store.get('default/later')?.metadata.name, patient).toBe('later')
  expect(await metrics.text()).not.toContain('reason="forbidden"')
  stop.abort(new Error('the test is over'))
  await copy.stopped
  client.close()
})
