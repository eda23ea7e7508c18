import type { Secret } from '@bulkhead/runtime'
import pg from 'pg'

/** A role, and what is to open it. */
export interface Login {
  readonly user: string
  readonly password: Secret<string>
}

const wrongPassword = '28P01'

/**
 * Whether the server refuses the password. It is compared before anything else about the role is looked at, so every other
 * answer, like that there is no connection left for it, is no refusal; and neither is none at all.
 */
export async function refusesPassword(
  server: Pick<pg.ClientConfig, 'host' | 'port' | 'database' | 'ssl'>,
  { user, password }: Login,
  signal: AbortSignal,
): Promise<boolean> {
  signal.throwIfAborted()
  const client = new pg.Client({
    ...{ ...server, user, application_name: 'bulkhead-operator' },
    password: () => password.reveal(),
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => undefined)
  const hangUp = (): void => void client.end().catch(() => undefined)
  signal.addEventListener('abort', hangUp, { once: true })
  try {
    await client.connect()
    return false
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof pg.DatabaseError && error.code === wrongPassword
  } finally {
    signal.removeEventListener('abort', hangUp)
    await client.end().catch(() => undefined)
  }
}
