import { z } from 'zod'
import { roleName, setOf, whole } from './fields.ts'

/** The windows over which a plan counts. */
export const limitUnit = z.enum(['Second', 'Minute', 'Hour', 'Day', 'Month'])
export type LimitUnit = z.infer<typeof limitUnit>

export const planSpec = z.object({
  limits: z
    .array(z.object({ requests: whole(1, 2_000_000_000), per: limitUnit }))
    .max(5)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['per'] })
    .default([])
    .describe('Each subscription is counted for itself'),
  roles: setOf(roleName, 16).default([]).describe('Realm roles that subscribers to this plan have'),
})
