import { TransferRefused, exportSchema } from '@bulkhead/database'
import type { KnownTenant, SchemaSnapshot } from '@bulkhead/database'
import { Refusal } from '../command.ts'
import type { Call, Command } from '../command.ts'
import { tenantsNamed, withServers } from '../connect.ts'
import type { Servers } from '../connect.ts'
import { chooseSource, demandTenantName } from '../transfer/choose.ts'
import { manifestOf } from '../transfer/manifest.ts'
import type { Manifest } from '../transfer/manifest.ts'
import type { Measured } from '../transfer/measure.ts'
import { Progress, sizeText } from '../transfer/progress.ts'
import { ownedSchema } from '../transfer/schema.ts'
import { openExportFolder } from '../transfer/write-export.ts'
import type { ExportFolder } from '../transfer/write-export.ts'

/** Writes a tenant's rows into a folder. */
export const tenantExport: Command = {
  words: 'tenant export',
  operands: ['NAME'],
  flags: [
    { name: 'out', value: 'DIR', isNeeded: true, help: 'the folder to make; it must be new or empty' },
    { name: 'id', value: 'ID', help: 'which of several tenants of that name, deleted ones too' },
  ],
  summary: "Writes a tenant's rows, as they are at one moment, into a folder.",
  interrupted: 'no export was written',
  run: (call) => withServers(call, (servers) => exportTenant(call, servers)),
}

async function exportTenant(call: Call, servers: Servers): Promise<void> {
  const name = demandTenantName(call.operand('NAME'))
  const out = call.value('out') ?? ''
  const known = await tenantsNamed(servers, name, call.signal)
  const tenant = chooseSource(known, name, call.value('id'))
  const isRetained = tenant.retainedAtMs !== undefined
  if (isRetained) call.tell(`The Tenant "${name}" is gone: these are the rows that it left (id ${tenant.id})`)
  const folder = await openExportFolder(out)
  try {
    const options = servers.optionsOf(tenant.databaseShard)
    const { snapshot, measured } = await writeAll(call, folder, (take) =>
      exportSchema(options, ownedSchema(tenant), take, call.signal),
    )
    const manifest = manifestOf({ name, id: tenant.id, uid: tenant.uid, isRetained }, snapshot, measured)
    await folder.finish(manifest)
    call.print(resultOf(manifest, tenant, out))
  } finally {
    await folder.discard()
  }
}

type Take = Parameters<typeof exportSchema>[2]

async function writeAll(call: Call, folder: ExportFolder, run: (take: Take) => Promise<SchemaSnapshot>) {
  const measured = new Map<string, Measured>()
  const progress = new Progress(call)
  try {
    const snapshot = await run(async (table, rows) => {
      progress.begin(`writing table "${table}"`)
      measured.set(table, await folder.write(table, rows, progress.moved))
    })
    return { snapshot, measured }
  } catch (error) {
    throw error instanceof TransferRefused ? new Refusal(error.message, { cause: error }) : error
  } finally {
    progress.end()
  }
}

function resultOf({ tables, takenAt }: Manifest, { name, id }: KnownTenant, out: string): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const size = sizeText(tables.reduce((sum, table) => sum + table.bytes, 0))
  return `Exported "${name}" (id ${id}) as of ${takenAt}: ${tables.length} tables, ${rows} rows, ${size}, in "${out}"`
}
