import pg from 'pg'

/** What was asked for cannot be done with these rows or in this schema; nothing was changed. */
export class TransferRefused extends Error {
  override readonly name = 'TransferRefused'
}

// By the first two characters, or by all five. The server's own words quote the rows, which may hold what is secret.
const dataProblems: Readonly<Record<string, string>> = {
  '22': "it is no row of the table's columns and types",
  '22P04': "it has not the table's columns",
  '22021': 'it is not UTF-8',
  '23': 'a rule of the table refuses it',
  '23502': 'a value is missing',
  '23505': 'its key stands twice',
  '54': 'it is larger than the table can hold',
}

/** Turns what Postgres answered into a refusal that says what to do; everything else stays the fault that it is. */
export function explain(error: unknown, doing: string): unknown {
  if (!(error instanceof pg.DatabaseError)) return error
  const { code = '', where, routine } = error
  const data = dataProblems[code] ?? dataProblems[code.slice(0, 2)]
  if (data !== undefined) return new TransferRefused(`${doing}: ${placeOf(where)}: ${data} (SQLSTATE ${code})`)
  if (code === '42501') {
    const advice = 'use the role that the operator uses, which owns the schema (postgres.user in the configuration)'
    return new TransferRefused(`${doing}: ${error.message}; ${advice}`)
  }
  if (code === '55P03') {
    const advice = 'suspend the tenant (spec.suspended) or wait, and do it again'
    return new TransferRefused(`${doing}: somebody has been working on its tables for too long; ${advice}`)
  }
  if (code === '3F000' || code === '42P01') {
    return new TransferRefused(`${doing}: it went away meanwhile: its tenant was deleted or taken up; do it again`)
  }
  return new Error(`${doing}: Postgres answered ${code} ${routine ?? ''}`.trimEnd(), { cause: error })
}

function placeOf(where: string | undefined): string {
  const found = /^COPY [^,]+, line (\d+)(?:, column ([^:,]+))?/.exec(where ?? '')
  if (found === null) return 'Postgres refuses a row'
  const [, line, column] = found
  return `Postgres refuses line ${line ?? ''}${column === undefined ? '' : `, column "${column}"`}`
}
