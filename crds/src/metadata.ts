import { z } from 'zod'

const stringMap = z.record(z.string(), z.string())

/** What we read of ObjectMeta. Versions are opaque text, never numbers. */
export const metadata = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int().default(1),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().optional(),
  labels: stringMap.optional(),
  annotations: stringMap.optional(),
  finalizers: z.array(z.string()).optional(),
})
export type Metadata = z.infer<typeof metadata>
