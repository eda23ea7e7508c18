import { KubeFault, isConflict, isNotFound } from '@bulkhead/runtime'
import type { KubeBody, KubeClient, KubeKind } from '@bulkhead/runtime'
import { fieldManager } from '../parts.ts'
import type { Mend } from './wanted-object.ts'

/**
 * Puts an object back as wanted: takes away what stands beside our fields, then applies them by force. Others' fields and
 * labels stay theirs. Another incarnation, or one that is gone, is left alone: the next look says what to do.
 */
export async function mendObject(
  kubernetes: Pick<KubeClient, 'apply' | 'patch'>,
  { kind, body }: { readonly kind: KubeKind; readonly body: KubeBody },
  { uid, surplus }: Omit<Mend, 'kind'>,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace } = body.metadata
  try {
    if (surplus !== undefined) {
      const { patch, resourceVersion } = surplus
      const removal = { ...patch, metadata: { uid, resourceVersion } }
      await kubernetes.patch({ kind, name, namespace }, { type: 'merge', body: removal }, { fieldManager, signal })
    }
    const mine = { ...body, metadata: { ...body.metadata, uid } }
    await kubernetes.apply(kind, mine, { fieldManager, force: true, signal })
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error) && !isOtherIncarnation(error)) throw error
  }
}

// The API server calls another uid an invalid change of an immutable field; it is nobody's mistake.
function isOtherIncarnation(error: unknown): boolean {
  return error instanceof KubeFault && error.status === 422 && error.detail.includes('metadata.uid')
}
