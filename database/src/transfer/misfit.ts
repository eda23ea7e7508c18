import type { Applied } from '../migrations/migration.ts'
import type { TableShape } from './catalog.ts'
import type { CarriedTable } from './export.ts'

/** What rows come from. */
export interface Carried {
  readonly migrations: readonly Applied[]
  readonly tables: readonly CarriedTable[]
}

/** What they are to go into. */
export interface Target {
  readonly migrations: readonly Applied[]
  readonly tables: readonly TableShape[]
}

/**
 * Why rows do not fit into a schema; undefined: they fit. Migrations only ever add, so that rows of an older version of
 * the same history fit into a newer one, and what was added since has its default.
 */
export function misfitOf(carried: Carried, target: Target): string | undefined {
  const history = misfitOfHistory(carried.migrations, target.migrations)
  if (history !== undefined) return history
  for (const table of carried.tables) {
    const shape = target.tables.find(({ name }) => name === table.name)
    if (shape === undefined) return `it has no table "${table.name}"`
    const unknown = table.columns.find((column) => !shape.columns.includes(column))
    if (unknown !== undefined) return `its table "${table.name}" has no column "${unknown}"`
    const uncounted = table.counted.find(({ column }) => !shape.counted.includes(column))
    if (uncounted !== undefined) return `no sequence counts column "${uncounted.column}" of its table "${table.name}"`
  }
  return undefined
}

function misfitOfHistory(carried: readonly Applied[], target: readonly Applied[]): string | undefined {
  const [from, to] = [versionOf(carried), versionOf(target)]
  if (from > to) {
    return `it is at version ${to} and the export at version ${from}; do it again when the operator has migrated it`
  }
  const other = carried.find(
    ({ version, checksum }) => !target.some((row) => row.version === version && row.checksum === checksum),
  )
  return other === undefined
    ? undefined
    : `the export's version ${other.version} is of another history: its checksum is not the one that ran here`
}

const versionOf = (migrations: readonly Applied[]): number => Math.max(0, ...migrations.map(({ version }) => version))
