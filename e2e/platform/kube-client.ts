import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { z } from 'zod'
import type { Clock } from './clock.ts'

/** The few calls that setting up a platform needs; operators and tests use the real client. */
export interface KubeClient {
  get(path: string, signal: AbortSignal): Promise<KubeAnswer>
  post(path: string, body: unknown, signal: AbortSignal): Promise<KubeAnswer>
  /** Server-side apply, forced: what the file says is so. */
  apply(path: string, body: unknown, signal: AbortSignal): Promise<KubeAnswer>
  close(): Promise<void>
}

/** One answer of the API server. */
export interface KubeAnswer {
  readonly status: number
  readonly body: unknown
}

/** A client that is known by a certificate. */
export async function kubeClient(url: string, files: { ca: string; cert: string; key: string }): Promise<KubeClient> {
  const [ca, cert, key] = await Promise.all([files.ca, files.cert, files.key].map((file) => readFile(file, 'utf8')))
  const agent = new Agent({ connect: { ca: ca ?? '', cert: cert ?? '', key: key ?? '' } })
  const send = async (
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<KubeAnswer> => {
    const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json'
    const response = await request(`${url}${path}`, {
      method,
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
      headers: { 'content-type': type, accept: 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.body.text()
    return { status: response.statusCode, body: parsed(text) }
  }
  return {
    get: (path, signal) => send('GET', path, undefined, signal),
    post: (path, body, signal) => send('POST', path, body, signal),
    apply: (path, body, signal) => send('PATCH', `${path}?fieldManager=bulkhead-platform&force=true`, body, signal),
    close: () => agent.close(),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
})

/** Any Kubernetes object, as far as applying it needs to know. */
export type KubeObject = z.infer<typeof objectSchema>

/** Reads one object of a manifest; throws with the file's name when it is none. */
export function parseObject(value: unknown, file: string): KubeObject {
  const result = objectSchema.safeParse(value)
  if (!result.success) throw new Error(`${file} holds something that is no Kubernetes object: ${result.error.message}`)
  return result.data
}

const plurals: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  ConfigMap: 'configmaps',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  CustomResourceDefinition: 'customresourcedefinitions',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
  PriorityClass: 'priorityclasses',
}

/** The URL path of an object; throws for a kind that a platform's manifests should not hold. */
export function pathOf(object: KubeObject): string {
  const plural = plurals[object.kind]
  if (plural === undefined) {
    throw new Error(
      `Cannot apply ${object.kind} ${object.metadata.name}: allowed are ${Object.keys(plurals).join(', ')}`,
    )
  }
  const root = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`
  const { name, namespace } = object.metadata
  return `${root}/${namespace === undefined ? '' : `namespaces/${namespace}/`}${plural}/${name}`
}

/** Applies an object, and again while a fresh API server still refuses it, for at most 15 seconds. */
export async function applyObject(
  client: KubeClient,
  object: KubeObject,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.now() + 15_000
  for (;;) {
    const answer = await client.apply(pathOf(object), object, signal)
    if (answer.status < 300) return
    const mayPass = answer.status === 404 || answer.status === 403 || answer.status === 429 || answer.status >= 500
    if (!mayPass || clock.now() > deadline) {
      const reason = JSON.stringify(answer.body).slice(0, 500)
      throw new Error(`Cannot apply ${object.kind} ${object.metadata.name}: answered ${answer.status} ${reason}`)
    }
    await clock.wait(200, signal)
  }
}
