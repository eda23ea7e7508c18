import type { Command } from './command.ts'
import { tenantOffboard } from './commands/tenant-offboard.ts'
import { tenantOrphans } from './commands/tenant-orphans.ts'
import { tenantPurge } from './commands/tenant-purge.ts'

/** Every command there is, in the order of the help. */
export const commands: readonly Command[] = [tenantOffboard, tenantOrphans, tenantPurge]
