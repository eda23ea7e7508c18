/** A name as SQL may hold it, quoted; the one place where a name becomes SQL. Throws on what Postgres would cut or end. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > 63) {
    throw new Error(`${JSON.stringify(name)} is no Postgres identifier`)
  }
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as SQL may hold it, quoted, whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new Error('A Postgres text cannot hold a zero byte')
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}
