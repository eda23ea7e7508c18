import type { Command } from './command.ts'
import { tenantExport } from './commands/tenant-export.ts'
import { tenantImport } from './commands/tenant-import.ts'

/** Every command there is, in the order of the help. */
export const commands: readonly Command[] = [tenantExport, tenantImport]
