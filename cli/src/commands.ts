import type { Command } from './command.ts'
import { tenantExport } from './commands/tenant-export.ts'
import { tenantImport } from './commands/tenant-import.ts'
import { tenantOffboard } from './commands/tenant-offboard.ts'
import { tenantOrphans } from './commands/tenant-orphans.ts'
import { tenantPurge } from './commands/tenant-purge.ts'

/** Every command there is, in the order of the help. */
export const commands: readonly Command[] = [
  ...[tenantExport, tenantImport],
  ...[tenantOffboard, tenantOrphans, tenantPurge],
]
