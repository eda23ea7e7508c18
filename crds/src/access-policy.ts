import { z } from 'zod'
import { httpMethod, label, roleName, setOf } from './fields.ts'

export const accessPolicySpec = z.object({
  targetRef: z.object({ kind: z.enum(['ToolSet', 'Tool']), name: label() }),
  rules: z
    .array(
      z.object({
        roles: setOf(roleName, 32).default([]).describe('The caller has one of these realm roles; empty: any caller'),
        methods: setOf(httpMethod, 7).default([]).describe('The request has one of these methods; empty: any method'),
      }),
    )
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .default([])
    .describe('What no rule allows is denied'),
})
