// What comes back from the API server is checked here, once; the value that was checked is passed on as it is, because
// a copy by a schema would lose what JSON.parse keeps apart (a key named "__proto__").
import { z } from 'zod'
import type { KubeAnswer } from './fault.ts'
import type { KubeListPage, WatchEvent } from './kube-client.ts'
import type { KubeObject } from './kind.ts'

const textMap = z.record(z.string(), z.string()).optional()

const metadata = z.object({
  name: z.string().min(1),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.number().optional(),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().optional(),
  labels: textMap,
  annotations: textMap,
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z
    .array(z.object({ apiVersion: z.string(), kind: z.string(), name: z.string(), uid: z.string() }))
    .optional(),
})

const kubeObject = z.object({ apiVersion: z.string().optional(), kind: z.string().optional(), metadata })

const listPage = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().optional() }),
  // An empty Go slice is `null`.
  items: z.array(z.unknown()).nullish(),
})

const watchEvent = z.object({ type: z.string().min(1), object: z.unknown() })

const status = z.object({
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).nullish(),
})

const maxDetailLength = 1_000

/** Whether a value has the metadata that every object has. */
export function isKubeObject(value: unknown): value is KubeObject {
  return kubeObject.safeParse(value).success
}

/** One page of a list, or `undefined` when it is none. */
export function listPageOf(value: unknown): KubeListPage | undefined {
  const parsed = listPage.safeParse(value)
  if (!parsed.success) return undefined
  const { resourceVersion, continue: token } = parsed.data.metadata
  const page = { items: parsed.data.items ?? [], resourceVersion }
  return token === undefined || token === '' ? page : { ...page, continue: token }
}

/** One event of a watch, or `undefined` when it is none. */
export function watchEventOf(value: unknown): WatchEvent | undefined {
  const parsed = watchEvent.safeParse(value)
  return parsed.success ? { type: parsed.data.type, object: parsed.data.object } : undefined
}

/** The server's refusal (metav1.Status) in our words; a body that is none still gives the HTTP status. */
export function answerOf(value: unknown, httpStatus: number, retryAfter?: string): KubeAnswer {
  const parsed = status.safeParse(value)
  const fields = parsed.success ? parsed.data : {}
  return {
    // Inside a watch the HTTP status is 200 and the refusal carries its own.
    status: httpStatus === 200 ? (fields.code ?? 500) : httpStatus,
    reason: fields.reason ?? '',
    detail: (fields.message ?? 'no message').slice(0, maxDetailLength),
    retryAfterMs: millisecondsOf(fields.details?.retryAfterSeconds ?? Number(retryAfter)),
  }
}

function millisecondsOf(seconds: number): number | undefined {
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined
}
