import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import type { Clock, Secret } from '@bulkhead/runtime'
import pg from 'pg'

/** A role, and what is to open it. */
export interface Login {
  readonly user: string
  readonly password: Secret<string>
}

/** Whether the server refuses the password; that nobody could ask is no refusal. */
export type LoginCheck = (login: Login, signal: AbortSignal) => Promise<boolean>

type Server = Pick<pg.ClientConfig, 'host' | 'port' | 'database' | 'ssl'>

const wrongPassword = '28P01'
// A login is the dearest part of a look at a tenant: a password that opened is not tried again for so long.
const believedMs = 6 * 3_600_000
const silenceMs = 5_000

/** Asks one server by a login that does nothing. */
export function createLoginCheck(server: Server, clock: Pick<Clock, 'now'>): LoginCheck {
  const opened = new Map<string, { readonly digest: string; readonly atMs: number }>()
  // The oldest stand first, for each is put in anew when it is tried.
  const forgetOld = (): void => {
    for (const [user, { atMs }] of opened) {
      if (clock.now() - atMs < believedMs) return
      opened.delete(user)
    }
  }
  return async (login, signal) => {
    forgetOld()
    const digest = createHash('sha256').update(login.password.reveal()).digest('hex')
    if (opened.get(login.user)?.digest === digest) return false
    opened.delete(login.user)
    const answer = await logIn(server, login, signal)
    if (answer === 'opened') opened.set(login.user, { digest, atMs: clock.now() })
    return answer === 'refused'
  }
}

// It is compared before anything else about the role is looked at, so every other answer, like that there is no
// connection left for it, is no refusal; and neither is none at all.
async function logIn(
  server: Server,
  { user, password }: Login,
  signal: AbortSignal,
): Promise<'opened' | 'refused' | 'unknown'> {
  signal.throwIfAborted()
  // Asked to end while it connects, a client never says how the connecting went: what ends it is its socket.
  const socket = new Socket()
  const client = new pg.Client({
    ...{ ...server, user, application_name: 'bulkhead-operator' },
    ...{ password: () => password.reveal(), stream: () => socket },
  })
  client.on('error', () => undefined)
  const hangUp = (): void => void socket.destroy()
  socket.setTimeout(silenceMs, hangUp)
  signal.addEventListener('abort', hangUp, { once: true })
  try {
    await client.connect()
    await client.end()
    return 'opened'
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof pg.DatabaseError && error.code === wrongPassword ? 'refused' : 'unknown'
  } finally {
    signal.removeEventListener('abort', hangUp)
    hangUp()
  }
}
