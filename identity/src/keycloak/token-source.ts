import { Secret } from '@bulkhead/runtime'
import type { Clock } from '@bulkhead/runtime'
import { z } from 'zod'
import type { Http } from './http.ts'

/** An account of ours: a confidential client of one realm. */
export interface Account {
  readonly realm: string
  readonly clientId: string
  readonly clientSecret: Secret<string>
}

/** Gives access tokens of one account, asking Keycloak once however many callers wait. */
export interface TokenSource {
  /** One caller's abort ends its own waiting and fails nobody else. */
  get(signal: AbortSignal): Promise<Secret<string>>
  /** A token that was refused is not given out again. */
  forget(): void
}

const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() })
// Asked for anew this long before the end, so that a token does not die on its way.
const marginMs = 15_000

interface Held {
  readonly token: Secret<string>
  readonly untilMs: number
}

/** Makes the token source of an account. Its calls are its own, whoever asks. */
export function createTokenSource(http: Http, account: Account, clock: Clock): TokenSource {
  let held: Held | undefined
  let flight: Promise<Held> | undefined
  const ask = async (): Promise<Held> => {
    const answer = await http({
      doing: `get token of realm "${account.realm}"`,
      method: 'POST',
      path: ['realms', account.realm, 'protocol', 'openid-connect', 'token'],
      body: {
        kind: 'form',
        fields: {
          grant_type: 'client_credentials',
          client_id: account.clientId,
          client_secret: account.clientSecret,
        },
      },
      signal: new AbortController().signal,
    })
    const { access_token: token, expires_in: lifetime } = tokenAnswer.parse(answer.body)
    return { token: new Secret(token), untilMs: clock.now() + lifetime * 1000 - marginMs }
  }
  return {
    get: async (signal) => {
      if (held !== undefined && clock.now() < held.untilMs) return held.token
      flight ??= ask().finally(() => (flight = undefined))
      held = await unlessAborted(flight, signal)
      return held.token
    },
    forget: () => (held = undefined),
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
