import { postgresOptions } from '@bulkhead/database'
import { keycloakOptions } from '@bulkhead/identity'
import { z } from 'zod'

/** What the command line needs of a configuration file; the operator's own file is one, for the rest is left unread. */
export const cliConfig = z.object({
  kubernetes: z.object({ kubeconfig: z.string().min(1).optional() }).prefault({}),
  postgres: postgresOptions,
  keycloak: keycloakOptions,
  platform: z.object({
    systemNamespace: z.string().min(1),
    baseDomain: z.string().min(1),
    quarantineSeconds: z.int().min(0).default(86_400),
  }),
})

export type CliConfig = z.infer<typeof cliConfig>
