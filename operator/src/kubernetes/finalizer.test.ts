import { KubeFault } from '@bulkhead/runtime'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { addFinalizer, removeFinalizer } from './finalizer.ts'
import type { FinalizerClient } from './finalizer.ts'
import { tenantKind } from './kinds.ts'

const finalized = { ref: { kind: tenantKind, name: 'acme' }, uid: 'u1' }
const signal = new AbortController().signal

const changeShape = z.object({ metadata: z.object({ resourceVersion: z.string(), finalizers: z.array(z.string()) }) })

/** An API server of one object, whose first writes are lost to somebody else's. */
function serverWith(finalizers: readonly string[], { uid = 'u1', conflicts = 0 } = {}) {
  const seen = { finalizers, version: 1, conflicts }
  const client: FinalizerClient = {
    find: () =>
      Promise.resolve({
        metadata: { name: 'acme', uid, resourceVersion: String(seen.version), finalizers: [...seen.finalizers] },
      }),
    patch: (_ref, { body }) => {
      const { metadata } = changeShape.parse(body)
      if (seen.conflicts > 0) {
        seen.conflicts -= 1
        seen.version += 1
      }
      if (metadata.resourceVersion !== String(seen.version)) {
        return Promise.reject(new KubeFault('PATCH', { status: 409, reason: 'Conflict', detail: '' }))
      }
      seen.finalizers = metadata.finalizers
      return Promise.resolve({ metadata: { name: 'acme' } })
    },
  }
  return { client, seen }
}

test.each([0, 2])(
  'a finalizer comes and goes beside those of others, whoever writes meanwhile (%i times)',
  async (conflicts) => {
    const { client, seen } = serverWith(['theirs'], { conflicts })
    await addFinalizer(client, finalized, 'ours', signal)
    expect(seen.finalizers).toEqual(['theirs', 'ours'])
    await removeFinalizer(client, finalized, 'ours', signal)
    expect(seen.finalizers).toEqual(['theirs'])
  },
)

test('another incarnation of the name is left alone, and nothing may be built for it', async () => {
  const { client, seen } = serverWith(['ours'], { uid: 'u2' })
  await removeFinalizer(client, finalized, 'ours', signal)
  expect(seen.finalizers).toEqual(['ours'])
  await expect(addFinalizer(client, finalized, 'ours', signal)).rejects.toThrow('it is gone')
})

test('what was read just now is not read again, unless somebody wrote meanwhile', async () => {
  for (const [resourceVersion, reads] of [
    ['1', 0],
    ['0', 1],
  ] as const) {
    const { client, seen } = serverWith(['theirs'])
    const find = vi.spyOn(client, 'find')
    await addFinalizer(client, { ...finalized, seen: { uid: 'u1', finalizers: [], resourceVersion } }, 'ours', signal)
    expect(find).toHaveBeenCalledTimes(reads)
    expect(seen.finalizers).toContain('ours')
  }
})
