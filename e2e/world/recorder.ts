import { kinds } from '@bulkhead/crds'
import { createKubeClient, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeClient, KubeKind, KubeObject } from '@bulkhead/runtime'
import { z } from 'zod'

const condition = z.looseObject({ type: z.string(), status: z.string(), reason: z.string().default('') })
const recorded = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    generation: z.int(),
    resourceVersion: z.string(),
    deletionTimestamp: z.string().optional(),
  }),
  status: z
    .looseObject({ observedGeneration: z.int().optional(), conditions: z.array(condition).default([]) })
    .default({ conditions: [] }),
})

/** One state of an object, as the API server told it. */
export type Recorded = z.infer<typeof recorded>

/** Everything that the API server told of our kinds since the start, in order. */
export interface Recorder {
  /** The states of one object since it was asked for last. */
  take(kind: string, name: string): readonly Recorded[]
  stop(): Promise<void>
}

/** Watches every kind of ours; what `isOurs` refuses is forgotten. */
export async function record(kubeconfigPath: string, isOurs: (object: KubeObject) => boolean): Promise<Recorder> {
  const client = createKubeClient({ kubeconfigPath, logger: silentLogger, clock: systemClock })
  const stopper = new AbortController()
  let states: readonly Recorded[] = []
  const onEvent = (object: unknown): void => {
    const state = recorded.parse(object)
    if (isOurs(state)) states = [...states, state]
  }
  const starts = await Promise.all(
    Object.values(kinds).map(async (kind) => ({ kind, from: (await client.list(kind, { limit: 1 })).resourceVersion })),
  )
  const watches = starts.map(({ kind, from }) => follow(client, kind, { from, onEvent, signal: stopper.signal }))
  return {
    take: (kind, name) => {
      const isWanted = ({ kind: theirs, metadata }: Recorded): boolean => theirs === kind && metadata.name === name
      const taken = states.filter(isWanted)
      states = states.filter((state) => !isWanted(state))
      return taken
    },
    stop: async () => {
      stopper.abort()
      await Promise.allSettled(watches)
      client.close()
    },
  }
}

interface Following {
  readonly from: string
  readonly onEvent: (object: unknown) => void
  readonly signal: AbortSignal
}

async function follow(client: KubeClient, kind: KubeKind, { from, onEvent, signal }: Following): Promise<void> {
  const events = client.watch(kind, { resourceVersion: from, timeoutSeconds: 1800, signal })
  for await (const { type, object } of events) if (['ADDED', 'MODIFIED', 'DELETED'].includes(type)) onEvent(object)
}
