import { z } from 'zod'
import { text } from './fields.ts'

/** metav1.Condition. */
export const condition = z.object({
  type: text(316),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: z.int().min(0).optional(),
  lastTransitionTime: z.string().max(40).meta({ format: 'date-time' }).optional(),
  reason: text(128).optional(),
  message: text(2048).optional(),
})
export type Condition = z.infer<typeof condition>

/** `status.conditions`: one entry a type, so that several writers each own theirs. */
export const conditions = z
  .array(condition)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })

/** What every status begins with; `-1` says that nobody has looked at the object yet. */
export const observedGeneration = z.int().min(-1)

/** The condition of a type, or undefined. */
export function findCondition(list: readonly Condition[] | undefined, type: string): Condition | undefined {
  return list?.find((entry) => entry.type === type)
}

/** Whether a condition is True and speaks of this very generation. */
export function isTrueAt(list: readonly Condition[] | undefined, type: string, generation: number): boolean {
  const found = findCondition(list, type)
  return found?.status === 'True' && found.observedGeneration === generation
}

/** The next condition: its transition time moves only when its status does. `now` is an RFC 3339 time. */
export function nextCondition(
  list: readonly Condition[] | undefined,
  next: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): Condition {
  const previous = findCondition(list, next.type)
  const kept = previous?.status === next.status ? previous.lastTransitionTime : undefined
  return { ...next, lastTransitionTime: kept ?? now }
}
