import type { KubeKind, Parsed } from '@bulkhead/runtime'
import { z } from 'zod'
import type { PodObject, ServiceObject, SliceObject } from '../resolve/service-endpoints.ts'

const core = (kind: string, plural: string): KubeKind => ({ group: '', version: 'v1', kind, plural, namespaced: true })

/** The kinds of Kubernetes itself that endpoints of Services come from. */
export const coreKinds = {
  service: core('Service', 'services'),
  pod: core('Pod', 'pods'),
  endpointSlice: {
    group: 'discovery.k8s.io',
    version: 'v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    namespaced: true,
  },
} as const satisfies Record<string, KubeKind>

const names = z.object({ namespace: z.string(), name: z.string() })

const service = z.object({
  metadata: names,
  spec: z.object({
    type: z.string().default('ClusterIP'),
    selector: z.record(z.string(), z.string()).nullish(),
    ports: z
      .array(z.object({ name: z.string().default(''), port: z.int(), protocol: z.string().default('TCP') }))
      .nullish(),
  }),
})

const slice = z.object({
  metadata: names.extend({ labels: z.record(z.string(), z.string()).nullish() }),
  addressType: z.string(),
  ports: z
    .array(z.object({ name: z.string().nullish(), port: z.int().nullish(), protocol: z.string().nullish() }))
    .nullish(),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        conditions: z.object({ ready: z.boolean().nullish() }).nullish(),
        targetRef: z
          .object({
            kind: z.string().default(''),
            namespace: z.string().default(''),
            name: z.string().default(''),
            uid: z.string().default(''),
          })
          .nullish(),
      }),
    )
    .nullish(),
})

const pod = z.object({
  metadata: names.extend({ uid: z.string() }),
  status: z.object({ podIP: z.string().default(''), phase: z.string().default('') }).prefault({}),
})

/** Reads what we need of a Service. */
export function parseService(raw: unknown): Parsed<ServiceObject> {
  return parse(service, raw, ({ metadata, spec }) => ({
    namespace: metadata.namespace,
    name: metadata.name,
    type: spec.type,
    hasSelector: Object.keys(spec.selector ?? {}).length > 0,
    ports: spec.ports ?? [],
  }))
}

/** Reads what we need of an EndpointSlice. */
export function parseSlice(raw: unknown): Parsed<SliceObject> {
  return parse(slice, raw, ({ metadata, addressType, ports, endpoints }) => ({
    namespace: metadata.namespace,
    name: metadata.name,
    serviceName: metadata.labels?.['kubernetes.io/service-name'] ?? '',
    addressType,
    ports: (ports ?? []).map(({ name, port, protocol }) => ({
      name: name ?? '',
      port: port ?? undefined,
      protocol: protocol ?? 'TCP',
    })),
    endpoints: (endpoints ?? []).map(({ addresses, conditions, targetRef }) => ({
      addresses,
      // The API says that unknown is to be read as ready.
      isReady: conditions?.ready ?? true,
      target: targetRef ?? undefined,
    })),
  }))
}

/** Reads what we need of a Pod, which is little: there are many. */
export function parsePod(raw: unknown): Parsed<PodObject> {
  return parse(pod, raw, ({ metadata, status: { phase, podIP } }) => {
    // A Pod that has ended keeps its address in its status, while another Pod, of another tenant too, may have it.
    const hasEnded = phase === 'Succeeded' || phase === 'Failed'
    return { ...metadata, podIp: hasEnded ? '' : podIP }
  })
}

function parse<Raw, T>(schema: z.ZodType<Raw>, raw: unknown, read: (value: Raw) => T): Parsed<T> {
  const result = schema.safeParse(raw)
  if (result.success) return { ok: true, value: read(result.data) }
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  return { ok: false, problem: problems.join('; ') }
}
