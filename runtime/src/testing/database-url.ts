/** A database server that stands already, and what opens it. */
export interface DatabaseServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Where to log in for work on the whole server. */
  readonly database: string
}

/** Takes `postgres://user:password@host:port/database` apart; throws without repeating what may be a password. */
export function parseDatabaseUrl(url: string): DatabaseServer {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.hostname === '') {
    throw new Error('Cannot use DATABASE_URL: want postgres://user:password@host:port/database')
  }
  if (parsed.search !== '') {
    throw new Error('Cannot use DATABASE_URL: options after the "?" are not understood; remove them')
  }
  const { hostname, port, username, password, pathname } = parsed
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 5432 : Number(port),
    user: username === '' ? 'postgres' : decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.length <= 1 ? 'postgres' : decodeURIComponent(pathname.slice(1)),
  }
}
