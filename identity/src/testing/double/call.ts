/** A call as a test sees it. */
export interface DoubleCall {
  /** With names for what varies: `POST /admin/realms`, `GET /admin/realms/{realm}/clients/{id}`. */
  readonly route: string
  readonly method: string
  readonly path: string
  /** The realm it is about, a new one too. */
  readonly realm: string | undefined
}

/** What becomes of a call instead of the usual. */
export type Verdict =
  | 'pass'
  /** Nothing happens and nothing is answered, until the caller goes away. */
  | 'hang'
  /** It happens, and the connection breaks before the answer. */
  | 'lose-answer'
  /** A gateway in between gives up (504), and then it happens all the same. */
  | 'late'
  /** Something in between sends it a second time; the second answer is the one that comes. */
  | 'twice'
  /** Nothing happens, and this is the answer. */
  | { readonly status: number; readonly body?: string; readonly contentType?: string }

/** How long a call takes, in a Keycloak with that many realms. */
export type Latency = (call: DoubleCall, realms: number) => number

/** A call that came, in the order of the log. */
export interface LoggedCall extends DoubleCall {
  /** Where it begins and ends in the order of all beginnings and ends. */
  readonly began: number
  readonly ended: number | undefined
  /** Undefined where nothing was answered. */
  readonly status: number | undefined
}

export interface CallLog {
  readonly calls: readonly LoggedCall[]
  /** How many of the calls that are meant were under way at the same time, at most. */
  readonly mostAtOnce: (isMeant: (call: DoubleCall) => boolean) => number
  /** Forgets what came so far. */
  readonly forget: () => void
}

type Entry = { -readonly [K in keyof LoggedCall]: LoggedCall[K] }

/** A log, and how to write it: the answer of `begin` ends the call. */
export function createCallLog(): CallLog & { begin(call: DoubleCall): (status: number | undefined) => void } {
  const calls: Entry[] = []
  let moment = 0
  return {
    calls,
    begin: (call) => {
      const entry: Entry = { ...call, began: moment++, ended: undefined, status: undefined }
      calls.push(entry)
      return (status) => {
        entry.ended ??= moment++
        entry.status ??= status
      }
    },
    mostAtOnce: (isMeant) => {
      const changes = calls.filter(isMeant).flatMap(({ began, ended }) => {
        return [[began, 1] as const, ...(ended === undefined ? [] : [[ended, -1] as const])]
      })
      let [now, most] = [0, 0]
      for (const [, change] of changes.toSorted(([a], [b]) => a - b)) {
        now += change
        most = Math.max(most, now)
      }
      return most
    },
    forget: () => void calls.splice(0),
  }
}

/**
 * The latencies of Keycloak 26.7 as they were measured: creating a realm costs more with every realm there is, listing
 * them is unbearable, and what happens inside one realm costs some tens of milliseconds however many there are.
 */
export const realisticLatency: Latency = ({ route }, realms) => {
  switch (route) {
    case 'POST /admin/realms':
      return 1500 + 5 * realms
    case 'DELETE /admin/realms/{realm}':
      return 4000
    case 'GET /admin/realms':
      return 30_000
    case 'GET /realms/{realm}/protocol/openid-connect/certs':
      return 5
    default:
      return route.startsWith('GET ') ? 15 : 30
  }
}
