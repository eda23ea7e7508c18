// A real API server with its own etcd on loopback, for tests: started in seconds, thrown away afterwards.
import { generateKeyPairSync } from 'node:crypto'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestAuthority } from './certificates.ts'
import type { TestAuthority } from './certificates.ts'
import { startChild } from './child.ts'
import type { Child } from './child.ts'
import { freePorts } from './free-port.ts'

export interface TestApiServerOptions {
  /** Where `etcd`, `kube-apiserver` and `kube-controller-manager` are. */
  readonly binFolder?: string
  /** Who `kubeconfigPath` speaks as; may do nothing until a test grants it something. */
  readonly user?: string
  readonly extraArgs?: readonly string[]
}

export interface TestApiServer {
  readonly url: string
  /** A user without any permission: a test applies the RBAC that is shipped, and runs as this. */
  readonly kubeconfigPath: string
  /** Member of `system:masters`, for what the test itself sets up. */
  readonly adminKubeconfigPath: string
  /** A kubeconfig for one more user. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>
  /** Namespaces only go, quotas only count, and garbage is only collected with it. Start it after the CRDs. */
  startControllerManager(): Promise<void>
  /** Ends the API server and keeps its data; `resume` starts it again on the same port. */
  pause(): Promise<void>
  resume(): Promise<void>
  stop(): Promise<void>
}

const repositoryBin = join(import.meta.dirname, '..', '..', '..', '.tools', 'bin')

/** Starts etcd and an API server; resolves when it is ready. Everything lies in one folder that `stop` removes. */
export async function startTestApiServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const { binFolder = repositoryBin, user = 'tester', extraArgs = [] } = options
  await demandPrograms(binFolder)
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-apiserver-'))
  const running: Child[] = []
  const end = async (): Promise<void> => {
    for (const child of running.splice(0).reverse()) await child.stop()
  }
  try {
    const layout = await prepare(folder, binFolder, extraArgs)
    running.push(await startEtcd(layout))
    let server = await startServer(layout)
    running.push(server)
    const kubeconfigFor = (name: string, groups: readonly string[] = []): Promise<string> =>
      writeKubeconfig(layout, name, groups)
    return {
      url: layout.url,
      kubeconfigPath: await kubeconfigFor(user),
      adminKubeconfigPath: await kubeconfigFor('admin', ['system:masters']),
      kubeconfigFor,
      startControllerManager: async () => {
        running.push(
          await startControllerManager(
            layout,
            await kubeconfigFor('system:kube-controller-manager', ['system:masters']),
          ),
        )
      },
      pause: async () => {
        await server.stop()
        running.splice(running.indexOf(server), 1)
      },
      resume: async () => {
        server = await startServer(layout)
        running.push(server)
      },
      stop: async () => {
        await end()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await end()
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

interface Layout {
  readonly folder: string
  readonly binFolder: string
  readonly authority: TestAuthority
  readonly etcdPort: number
  readonly peerPort: number
  readonly port: number
  readonly url: string
  readonly extraArgs: readonly string[]
}

async function demandPrograms(binFolder: string): Promise<void> {
  for (const name of ['etcd', 'kube-apiserver']) {
    await access(join(binFolder, name)).catch((error: unknown) => {
      throw new Error(`Cannot start an API server: "${join(binFolder, name)}" is missing; run "make tools" first`, {
        cause: error,
      })
    })
  }
}

async function prepare(folder: string, binFolder: string, extraArgs: readonly string[]): Promise<Layout> {
  const authority = await createTestAuthority('test-kubernetes-ca')
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3)
  await mkdir(join(folder, 'etcd'), { mode: 0o700 })
  const serving = await authority.issue({
    commonName: 'kube-apiserver',
    names: [
      { type: 'ip', value: '127.0.0.1' },
      { type: 'dns', value: 'localhost' },
    ],
  })
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await writeFile(join(folder, 'ca.crt'), authority.caCert)
  await writeFile(join(folder, 'server.crt'), serving.cert)
  await writeFile(join(folder, 'server.key'), serving.key, { mode: 0o600 })
  await writeFile(join(folder, 'accounts.pub'), accounts.publicKey.export({ type: 'spki', format: 'pem' }))
  await writeFile(join(folder, 'accounts.key'), accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  })
  return { folder, binFolder, authority, etcdPort, peerPort, port, url: `https://127.0.0.1:${port}`, extraArgs }
}

async function startEtcd({ folder, binFolder, etcdPort, peerPort }: Layout): Promise<Child> {
  const client = `http://127.0.0.1:${etcdPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  const child = startChild({
    name: 'etcd',
    program: join(binFolder, 'etcd'),
    logPath: join(folder, 'etcd.log'),
    args: [
      `--data-dir=${join(folder, 'etcd')}`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ],
  })
  await readyOrStopped(child, async () => (await fetch(`${client}/readyz`)).ok, 30_000)
  return child
}

async function startServer(layout: Layout): Promise<Child> {
  const { folder, binFolder, etcdPort, port, url, authority } = layout
  const file = (name: string): string => join(folder, name)
  const child = startChild({
    name: 'kube-apiserver',
    program: join(binFolder, 'kube-apiserver'),
    logPath: file('apiserver.log'),
    args: [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${file('server.crt')}`,
      `--tls-private-key-file=${file('server.key')}`,
      `--client-ca-file=${file('ca.crt')}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement',
      `--service-account-key-file=${file('accounts.pub')}`,
      `--service-account-signing-key-file=${file('accounts.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--endpoint-reconciler-type=none',
      '--anonymous-auth=true',
      ...layout.extraArgs,
    ],
  })
  await readyOrStopped(child, () => isReady(`${url}/readyz`, authority.caCert), 120_000)
  return child
}

async function startControllerManager(layout: Layout, kubeconfig: string): Promise<Child> {
  const { folder, binFolder } = layout
  const [port = 0] = await freePorts(1)
  const child = startChild({
    name: 'kube-controller-manager',
    program: join(binFolder, 'kube-controller-manager'),
    logPath: join(folder, 'controller-manager.log'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${join(folder, 'server.crt')}`,
      `--tls-private-key-file=${join(folder, 'server.key')}`,
      `--service-account-private-key-file=${join(folder, 'accounts.key')}`,
      `--root-ca-file=${join(folder, 'ca.crt')}`,
      '--use-service-account-credentials=false',
      '--leader-elect=false',
      '--resource-quota-sync-period=10s',
    ],
  })
  await readyOrStopped(child, () => isReady(`https://127.0.0.1:${port}/healthz`, layout.authority.caCert), 60_000)
  return child
}

async function readyOrStopped(child: Child, check: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  try {
    await child.untilReady(check, timeoutMs)
  } catch (error) {
    await child.stop()
    throw error
  }
}

function isReady(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(url, { ca, timeout: 2_000, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(false))
    asked.end()
  })
}

async function writeKubeconfig(layout: Layout, user: string, groups: readonly string[]): Promise<string> {
  const { cert, key } = await layout.authority.issue({ commonName: user, organizations: groups })
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const path = join(layout.folder, `${user.replaceAll(/[^a-z0-9-]/gi, '_')}.kubeconfig`)
  const cluster = { server: layout.url, 'certificate-authority-data': base64(layout.authority.caCert) }
  const credentials = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: user, user: credentials }],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  }
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
  return path
}
