import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { z } from 'zod'
import type { KubeClient, KubeObject } from '../kube-client.ts'
import { applyObject, kubeClient, parseObject } from '../kube-client.ts'
import type { Site } from '../site.ts'
import { pathsOf } from '../site.ts'

/** The namespace of the control plane. */
export const systemNamespace = 'bulkhead-system'

// Each process has an account of its own, which the manifests make together with its rights.
const accounts = { operator: 'bulkhead-operator', 'xds-server': 'bulkhead-xds-server' } as const
type Account = keyof typeof accounts
const accountNames: readonly Account[] = ['operator', 'xds-server']

// Folders of manifests that a cluster needs before our processes start, in this order. What another platform needs
// besides (Deployments, Services) is not in them.
const manifestFolders = ['crds', 'rbac', 'admission'] as const
const tokenLifetimeSeconds = 30 * 24 * 3600

/** The API server's address. */
export function kubeUrl(site: Site): string {
  return `https://127.0.0.1:${site.ports.kubernetes}`
}

/** A client with the platform's own certificate. */
export function adminClient(site: Site): Promise<KubeClient> {
  const at = pathsOf(site.dir)
  const files = { ca: at.certificate('kube-ca'), cert: at.certificate('admin'), key: at.key('admin') }
  return kubeClient(kubeUrl(site), files)
}

/** Applies kinds, namespace, accounts and rights, and gives every process a kubeconfig with a token of its own. */
export async function settleKubernetes(site: Site, signal: AbortSignal): Promise<void> {
  const client = await adminClient(site)
  try {
    await writeAdminKubeconfig(site)
    const manifests = await readManifests(site.root)
    const kinds = manifests.filter((object) => object.kind === 'CustomResourceDefinition')
    const others = manifests.filter((object) => object.kind !== 'CustomResourceDefinition')
    const apply = (object: KubeObject): Promise<void> => applyObject(client, object, site.clock, signal)
    // The kinds are applied beside the rest: what needs a namespace is refused until it is there, and tried again.
    await Promise.all([...kinds, ...others].map(apply))
    await Promise.all([
      ...kinds.map((kind) => waitForKind(client, kind, site, signal)),
      ...accountNames.map((account) => writeAccountKubeconfig(client, site, account, signal)),
    ])
  } finally {
    await client.close()
  }
}

async function readManifests(root: string): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = []
  for (const folder of manifestFolders) {
    const names = await readdir(join(root, 'manifests', folder)).catch(() => [])
    for (const name of names.filter((one) => one.endsWith('.yaml') && one !== 'kustomization.yaml').sort()) {
      objects.push(...(await readObjects(join(root, 'manifests', folder, name))))
    }
  }
  return objects
}

async function readObjects(file: string): Promise<readonly KubeObject[]> {
  const documents = parseAllDocuments(await readFile(file, 'utf8'))
  const values = documents.map((document) => document.toJS() as unknown).filter((value) => value !== null)
  return values.map((value) => parseObject(value, file))
}

const kindSchema = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ plural: z.string() }),
    versions: z.array(z.object({ name: z.string() })).min(1),
  }),
})

// A new kind is established after a moment, and its storage answers 429 for another one; what can be listed is there.
async function waitForKind(client: KubeClient, kind: KubeObject, site: Site, signal: AbortSignal): Promise<void> {
  const { group, names, versions } = kindSchema.parse(kind).spec
  const path = `/apis/${group}/${versions[0]?.name ?? ''}/${names.plural}?limit=1`
  const deadline = site.clock.now() + 30_000
  for (;;) {
    const { status } = await client.get(path, signal)
    if (status === 200) return
    if (site.clock.now() > deadline)
      throw new Error(`The kind ${names.plural} is not served: listing answered ${status}`)
    await site.clock.wait(100, signal)
  }
}

const tokenSchema = z.object({ status: z.object({ token: z.string().min(1) }) })

async function writeAccountKubeconfig(
  client: KubeClient,
  site: Site,
  account: Account,
  signal: AbortSignal,
): Promise<void> {
  const path = `/api/v1/namespaces/${systemNamespace}/serviceaccounts/${accounts[account]}/token`
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenLifetimeSeconds },
  }
  const answer = await client.post(path, body, signal)
  const read = tokenSchema.safeParse(answer.body)
  if (!read.success) throw new Error(`Cannot get a token for ${account}: the API server answered ${answer.status}`)
  await writeKubeconfig(site, account, { token: read.data.status.token })
}

async function writeAdminKubeconfig(site: Site): Promise<void> {
  const at = pathsOf(site.dir)
  await writeKubeconfig(site, 'admin', {
    'client-certificate-data': await base64Of(at.certificate('admin')),
    'client-key-data': await base64Of(at.key('admin')),
  })
}

/** Writes a kubeconfig that carries everything it needs and that only its owner may read. */
export async function writeKubeconfig(
  site: Site,
  name: string,
  user: Readonly<Record<string, string>>,
): Promise<string> {
  const at = pathsOf(site.dir)
  const cluster = { server: kubeUrl(site), 'certificate-authority-data': await base64Of(at.certificate('kube-ca')) }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bulkhead', cluster }],
    users: [{ name, user }],
    contexts: [{ name: 'bulkhead', context: { cluster: 'bulkhead', user: name } }],
    'current-context': 'bulkhead',
  }
  const file = at.kubeconfig(name)
  await writeFile(file, stringify(config), { mode: 0o600 })
  return file
}

async function base64Of(file: string): Promise<string> {
  return (await readFile(file)).toString('base64')
}
