import { isConflict, isNotFound } from '@bulkhead/runtime'
import type { KubeClient, KubeMetadata, KubeRef } from '@bulkhead/runtime'

export interface Finalized {
  readonly ref: KubeRef
  readonly uid: string
  /** What was read just now: the first try reads nothing. */
  readonly seen?: Known
}
/** What it takes to put one on, or take it off. */
export type FinalizerClient = Pick<KubeClient, 'find' | 'patch'>
type Known = Pick<KubeMetadata, 'uid' | 'finalizers' | 'resourceVersion'>

/** Puts a finalizer on this incarnation of the object; throws when there is nothing left that it could hold. */
export async function addFinalizer(
  client: FinalizerClient,
  finalized: Finalized,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  const answer = await change(client, finalized, (all) => (all.includes(finalizer) ? all : [...all, finalizer]), signal)
  if (answer === 'gone') throw new Error(`Cannot put a finalizer on "${finalized.ref.name}": it is gone`)
}

/** Takes the finalizer off this incarnation of the object; one that is gone already is as good. */
export async function removeFinalizer(
  client: FinalizerClient,
  finalized: Finalized,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  await change(
    client,
    finalized,
    (all) => (all.includes(finalizer) ? all.filter((name) => name !== finalizer) : all),
    signal,
  )
}

const maxAttempts = 5

// Read anew after each conflict: whatever others write meanwhile must neither be lost nor stand in the way for ever.
async function change(
  client: FinalizerClient,
  { ref, uid, seen }: Finalized,
  edit: (finalizers: readonly string[]) => readonly string[],
  signal: AbortSignal,
): Promise<'done' | 'gone'> {
  let known: Known | undefined = seen
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    known ??= (await client.find(ref, { signal }))?.metadata
    if (known?.uid !== uid) return 'gone'
    const { finalizers = [], resourceVersion } = known
    const edited = edit(finalizers)
    if (edited === finalizers) return 'done'
    const answer = await write(client, ref, { metadata: { resourceVersion, finalizers: edited } }, signal)
    if (answer !== 'conflict') return answer
    known = undefined
  }
  throw new Error(`Cannot change the finalizers of "${ref.name}": others write it all the time`)
}

async function write(
  client: FinalizerClient,
  ref: KubeRef,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<'done' | 'gone' | 'conflict'> {
  try {
    await client.patch(ref, { type: 'merge', body }, { fieldManager: 'bulkhead-operator', signal })
    return 'done'
  } catch (error) {
    if (isNotFound(error)) return 'gone'
    if (isConflict(error)) return 'conflict'
    throw error
  }
}
