import { z } from 'zod'
import { hostText, label, setOf, text } from './fields.ts'

export const toolSetSpec = z.object({
  hostname: hostText.describe('A host that the tenant was granted'),
  basePath: text(256)
    .regex(/^\/([-_~A-Za-z0-9][-._~A-Za-z0-9]*(\/[-_~A-Za-z0-9][-._~A-Za-z0-9]*)*)?$/)
    .default('/')
    .describe('What stands before the path of each tool; the backend does not see it'),
  tools: setOf(label(), 200).min(1).describe('Names of Tools in the same namespace'),
  access: z
    .enum(['Public', 'Authenticated', 'Subscribed'])
    .default('Subscribed')
    .describe(
      'Public: anybody. Authenticated: a valid token of the tenant. Subscribed: a token of a subscription to this tool set',
    ),
})
