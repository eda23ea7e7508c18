import type { Caller } from '../tokens/access.ts'
import { refusal } from '../answer.ts'
import type { Answer } from '../answer.ts'
import type { Client, Realm, State } from '../model/state.ts'

/** A call of a realm's administration that found its route. */
export interface AdminCall {
  readonly state: State
  readonly realm: Realm
  readonly caller: Caller
  /** What stands in the path where the route has a name. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: unknown
}

export interface Route {
  readonly method: string
  /** Below the realm: `clients/{id}`. */
  readonly path: string
  /** Roles of the realm's administration, one of which is enough; none: any of them will do. */
  readonly needs: readonly string[]
  readonly answer: (call: AdminCall) => Answer
}

/** Makes the routes of one kind of thing: those that look, and those that change. */
export function routesFor(view: readonly string[], manage: readonly string[]) {
  return (path: string, answers: Readonly<Record<string, Route['answer']>>): readonly Route[] =>
    Object.entries(answers).map(([method, answer]) => {
      return { method, path, needs: method === 'GET' ? view : manage, answer }
    })
}

export const done: Answer = { status: 204 }
export const shown = (body: unknown): Answer => ({ status: 200, body })

/** The answer to what was created; its address ends with the id. */
export function created({ state, realm }: AdminCall, ...path: readonly string[]): Answer {
  const below = path.map(encodeURIComponent).join('/')
  return { status: 201, location: `${state.url}/admin/realms/${encodeURIComponent(realm.settings.realm)}/${below}` }
}

/** The client that the path names. */
export function clientOf({ realm, params }: AdminCall): Client {
  return found(realm.clients.get(params['id'] ?? ''), 'Could not find client')
}

/** Ends the call in Keycloak's words where something is not there. */
export function found<T>(thing: T | undefined, words: string): T {
  if (thing === undefined) throw refusal(404, words)
  return thing
}

/** The route of a path, with what stands in its places; or the methods that the path has. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  segments: readonly string[],
): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | 'other-method' | undefined {
  let isKnownPath = false
  for (const route of routes) {
    const params = matchPath(route.path, segments)
    if (params === undefined) continue
    if (route.method === method) return { route, params }
    isKnownPath = true
  }
  return isKnownPath ? 'other-method' : undefined
}

function matchPath(path: string, segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  const parts = path.split('/').filter((part) => part !== '')
  if (parts.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? ''
    const name = /^\{(.+)\}$/.exec(part)?.[1]
    if (name !== undefined) params[name] = segment
    else if (part !== segment) return undefined
  }
  return params
}
