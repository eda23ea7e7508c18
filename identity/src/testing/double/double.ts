// double: a Keycloak for tests, in memory and within milliseconds: exactly the calls that we make, with Keycloak's rules and
// words. `keycloak.contract.test.ts` runs the same tests against this and the real one; what the double cannot do it
// answers with 501. It knows no browser, no sessions and no passwords that open anything: only service accounts log in.
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@bulkhead/runtime/testing'
import type { TestKeycloak } from '../keycloak.ts'
import type { Answer } from './answer.ts'
import { createCallLog } from './call.ts'
import type { CallLog, DoubleCall, Latency, Verdict } from './call.ts'
import { answerCall, describeCall } from './dispatch.ts'
import type { RawCall } from './dispatch.ts'
import { importRealm } from './model/import-realm.ts'
import { dumpRealm } from './model/dump.ts'
import { newRealmFields } from './model/representations.ts'
import { createIds } from './model/state.ts'
import type { State } from './model/state.ts'

export interface DoubleOptions {
  /** None when it is left out. */
  readonly latency?: Latency
  /** Asked about every call before anything is done about it. */
  readonly onCall?: (call: DoubleCall) => Verdict | Promise<Verdict>
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export interface KeycloakDouble extends TestKeycloak, CallLog {
  /** The names of all realms but `master`, without a call. */
  realms(): readonly string[]
  /** All that a realm holds, to be compared with another; undefined where there is none. */
  dump(realm: string): object | undefined
}

/** How long after its 504 a call that is `late` happens. */
const lateMs = 20
const [clientId, clientSecret] = ['bulkhead-bootstrap', 'bootstrap-secret']

/** Starts the double on a free port. */
export async function startKeycloakDouble(options: DoubleOptions = {}): Promise<KeycloakDouble> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const state: State = { url, realms: new Map(), now: options.now ?? Date.now, newId: createIds() }
  makeMaster(state)
  const log = createCallLog()
  const stopper = new AbortController()
  const server = createServer((request, response) => {
    const serving: Serving = { state, options, log, signal: stopper.signal }
    serve(serving, request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return {
    ...log,
    ...{ url, clientId, clientSecret },
    realms: () => [...state.realms.keys()].filter((name) => name !== 'master'),
    dump: (name) => {
      const realm = state.realms.get(name)
      return realm && dumpRealm(realm)
    },
    stop: async () => {
      stopper.abort()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function makeMaster(state: State): void {
  const attributes = { 'client.use.lightweight.access.token.enabled': 'true' }
  const master = {
    ...{ realm: 'master', enabled: true, accessTokenLifespan: 60, roles: { realm: [{ name: 'admin' }] } },
    clients: [{ clientId, secret: clientSecret, serviceAccountsEnabled: true, standardFlowEnabled: false, attributes }],
    users: [{ username: `service-account-${clientId}`, enabled: true, serviceAccountClientId: clientId, ...admin }],
  }
  importRealm(state, newRealmFields.parse(master))
}

const admin = { realmRoles: ['admin'] }

interface Serving {
  readonly state: State
  readonly options: DoubleOptions
  readonly log: ReturnType<typeof createCallLog>
  readonly signal: AbortSignal
}

async function serve(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { state, options, log, signal } = serving
  const raw = await readCall(request)
  const call = describeCall(raw)
  const end = log.begin(call)
  response.once('close', () => end(undefined))
  const verdict = (await options.onCall?.(call)) ?? 'pass'
  const latencyMs = options.latency?.(call, state.realms.size) ?? 0
  if (latencyMs > 0) await sleep(latencyMs, undefined, { signal })
  const act = (): Answer => answerCall(state, raw)
  if (typeof verdict === 'object') {
    end(verdict.status)
    response.writeHead(verdict.status, { 'content-type': verdict.contentType ?? 'application/json' })
    response.end(verdict.body)
    return
  }
  const reply = (answer: Answer): void => {
    end(answer.status)
    send(response, answer)
  }
  await outcomes[verdict]({ act, reply, response, signal })
}

interface Doing {
  readonly act: () => Answer
  readonly reply: (answer: Answer) => void
  readonly response: ServerResponse
  readonly signal: AbortSignal
}

const outcomes: Readonly<Record<Extract<Verdict, string>, (doing: Doing) => unknown>> = {
  pass: ({ act, reply }) => reply(act()),
  hang: () => undefined,
  'lose-answer': ({ act, response }) => {
    act()
    response.destroy()
  },
  late: async ({ act, reply, signal }) => {
    reply({ status: 504 })
    await sleep(lateMs, undefined, { signal })
    act()
  },
  twice: ({ act, reply }) => {
    act()
    reply(act())
  },
}

async function readCall(request: IncomingMessage): Promise<RawCall> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://double')
  return {
    method: request.method ?? 'GET',
    segments: pathname.split('/').filter(Boolean).map(decodeURIComponent),
    query: searchParams,
    authorization: request.headers.authorization,
    body: Buffer.concat(chunks).toString(),
  }
}

function send(response: ServerResponse, { status, body, location }: Answer): void {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json;charset=UTF-8' }),
    ...(location === undefined ? {} : { location }),
  }
  response.writeHead(status, headers).end(body === undefined ? undefined : JSON.stringify(body))
}
