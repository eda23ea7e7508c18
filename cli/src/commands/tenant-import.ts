import { TransferRefused, importSchema } from '@bulkhead/database'
import { Refusal } from '../command.ts'
import type { Call, Command } from '../command.ts'
import { tenantsNamed, withServers } from '../connect.ts'
import type { Servers } from '../connect.ts'
import { chooseTarget, demandSameTenant, demandTenantName } from '../transfer/choose.ts'
import type { Manifest } from '../transfer/manifest.ts'
import { Progress, sizeText } from '../transfer/progress.ts'
import { demandWhole, readExport, readTable } from '../transfer/read-export.ts'
import { ownedSchema } from '../transfer/schema.ts'

/** Loads what `tenant export` wrote. */
export const tenantImport: Command = {
  words: 'tenant import',
  operands: ['NAME'],
  flags: [
    { name: 'from', value: 'DIR', isNeeded: true, help: 'the folder that an export made' },
    { name: 'replace', help: 'remove the rows that are there, in the same transaction' },
    { name: 'as-other', help: 'though the export is of another Tenant, or of an earlier one of that name' },
  ],
  summary: 'Loads the rows of an export, all of them or none.',
  interrupted: 'either all rows of the export were loaded, or none',
  run: async (call) => {
    const name = demandTenantName(call.operand('NAME'))
    const progress = new Progress(call)
    try {
      const manifest = await checkedExport(call, progress)
      await withServers(call, (servers) => importTenant(call, servers, { name, manifest, progress }))
    } finally {
      progress.end()
    }
  },
}

async function checkedExport(call: Call, progress: Progress): Promise<Manifest> {
  const folder = call.value('from') ?? ''
  progress.begin(`checking "${folder}"`)
  const manifest = await readExport(folder)
  await demandWhole(folder, manifest, (bytes) => {
    call.signal.throwIfAborted()
    progress.moved(bytes)
  })
  return manifest
}

interface Work {
  readonly name: string
  readonly manifest: Manifest
  readonly progress: Progress
}

async function importTenant(call: Call, servers: Servers, { name, manifest, progress }: Work): Promise<void> {
  const folder = call.value('from') ?? ''
  const tenant = chooseTarget(await tenantsNamed(servers, name, call.signal), name)
  demandSameTenant(manifest.tenant, tenant, call.isSet('as-other'))
  const tables = manifest.tables.map((table) => ({
    ...table,
    open: () => {
      progress.begin(`loading table "${table.name}"`)
      return readTable(folder, table, progress.moved)
    },
  }))
  const load = { owned: ownedSchema(tenant), migrations: manifest.migrations, tables }
  const doesReplace = call.isSet('replace')
  progress.begin('waiting for Postgres')
  try {
    await importSchema(servers.optionsOf(tenant.databaseShard), { ...load, doesReplace }, call.signal)
  } catch (error) {
    throw error instanceof TransferRefused ? new Refusal(error.message, { cause: error }) : error
  }
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const size = sizeText(tables.reduce((sum, table) => sum + table.bytes, 0))
  call.print(`Imported ${tables.length} tables, ${rows} rows, ${size} into "${name}" (id ${tenant.id})`)
}
