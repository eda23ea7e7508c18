import { z } from 'zod'
import { conditions, observedGeneration } from './condition.ts'
import { label, localReference, text, withRules } from './fields.ts'

export const subscriptionSpec = withRules(
  z.object({
    toolSetRef: localReference,
    planRef: localReference,
    application: z.object({
      displayName: text(128).min(1).describe('The name of the client in Keycloak'),
      owner: text(253).optional().describe("Whom to ask; the client's description in Keycloak"),
    }),
    credentials: z.object({
      type: z.enum(['OAuth2']).default('OAuth2'),
      secretName: label().describe('The Secret of this namespace that will hold the credentials'),
      clientID: text(255)
        .min(1)
        .optional()
        .describe(
          "The application's client at the tenant's own issuer: needed for a tenant whose identity is External, refused for all others; one client, one Subscription",
        ),
    }),
    expiresAt: z.string().max(40).meta({ format: 'date-time' }).optional(),
    suspended: z.boolean().default(false),
  }),
  [
    { rule: 'self.toolSetRef == oldSelf.toolSetRef', message: 'toolSetRef is immutable: make a new Subscription' },
    { rule: 'self.planRef == oldSelf.planRef', message: 'planRef is immutable: make a new Subscription' },
    { rule: 'self.credentials == oldSelf.credentials', message: 'credentials are immutable: make a new Subscription' },
  ],
)

export const subscriptionStatus = z.object({
  observedGeneration: observedGeneration.optional(),
  clientID: text(255).optional(),
  conditions: conditions.optional(),
})
