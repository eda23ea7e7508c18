import { isConflict, isNotFound } from '@bulkhead/runtime'
import type { KubeClient, KubeRef } from '@bulkhead/runtime'

export interface Finalized {
  readonly ref: KubeRef
  readonly uid: string
  readonly resourceVersion: string
  readonly finalizers: readonly string[]
}

/** Puts a finalizer on this very version of the object; another version is a conflict, and another reconcile. */
export async function addFinalizer(
  client: KubeClient,
  { ref, resourceVersion, finalizers }: Finalized,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  const body = { metadata: { resourceVersion, finalizers: [...finalizers, finalizer] } }
  await client.patch(ref, { type: 'merge', body }, { fieldManager: 'bulkhead-operator', signal })
}

/** Takes the finalizer off this incarnation of the object; one that is gone already is as good. */
export async function removeFinalizer(
  client: KubeClient,
  { ref, uid }: Pick<Finalized, 'ref' | 'uid'>,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  // Read anew: whatever others wrote meanwhile must neither be lost nor keep the object for ever.
  for (let attempt = 1; ; attempt += 1) {
    const object = await client.find(ref, { signal })
    const { finalizers = [], ...metadata } = object?.metadata ?? { name: ref.name }
    if (metadata.uid !== uid || !finalizers.includes(finalizer)) return
    const rest = finalizers.filter((name) => name !== finalizer)
    const body = { metadata: { resourceVersion: metadata.resourceVersion, finalizers: rest } }
    const answer = await attemptPatch(client, ref, body, signal)
    if (answer === 'done') return
    if (attempt === 5) throw new Error(`Cannot take the finalizer off "${ref.name}": others write it all the time`)
  }
}

async function attemptPatch(
  client: KubeClient,
  ref: KubeRef,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<'done' | 'conflict'> {
  try {
    await client.patch(ref, { type: 'merge', body }, { fieldManager: 'bulkhead-operator', signal })
    return 'done'
  } catch (error) {
    if (isNotFound(error)) return 'done'
    if (isConflict(error)) return 'conflict'
    throw error
  }
}
