import type { KubeClient } from '@bulkhead/runtime'
import { z } from 'zod'
import { secretKind } from '../kubernetes/kinds.ts'

/** The ways in which a text may hold a secret without showing it letter by letter. */
export function formsOf(secret: string): readonly string[] {
  const base64 = [0, 1, 2].map((shift) => {
    // In the middle of other bytes only these of the letters are sure.
    const text = Buffer.from(`${' '.repeat(shift)}${secret}`).toString('base64')
    return text.slice(shift === 0 ? 0 : 4, -4)
  })
  const json = JSON.stringify(secret).slice(1, -1)
  return [...new Set([secret, encodeURIComponent(secret), json, JSON.stringify(json).slice(1, -1), ...base64])]
}

/** The secrets of which a text holds one, in whatever form. */
export function leaksIn(text: string, secrets: Iterable<string>): readonly string[] {
  return [...secrets].filter((secret) => formsOf(secret).some((form) => text.includes(form)))
}

const shape = z.object({ data: z.record(z.string(), z.string()).default({}) })
const secretKeys = ['password', 'client-secret', 'tenant-admin-password']

/** What stands in Secrets of a namespace that nobody else may see. */
export async function storedSecretsOf(admin: KubeClient, namespace: string): Promise<readonly string[]> {
  const { items } = await admin.listAll(secretKind, { namespace })
  const entries = items.flatMap((item) => Object.entries(shape.parse(item).data))
  return entries.flatMap(([key, value]) => (secretKeys.includes(key) ? [Buffer.from(value, 'base64').toString()] : []))
}
