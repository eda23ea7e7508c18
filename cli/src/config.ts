import { postgresOptions } from '@bulkhead/database'
import { z } from 'zod'

/** What the command line needs of a configuration file; the operator's own file is one, for the rest is left unread. */
export const cliConfig = z.object({
  kubernetes: z.object({ kubeconfig: z.string().min(1).optional() }).prefault({}),
  postgres: postgresOptions,
  platform: z.object({ systemNamespace: z.string().min(1) }),
})

export type CliConfig = z.infer<typeof cliConfig>
