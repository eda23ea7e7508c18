import type { Problem } from '@bulkhead/crds'
import type { Route } from '../model/model.ts'
import { pathShape, pathText, publicMatch } from '../model/public-match.ts'

/** A route that a tool set asks for; `index` is the tool's place in its list. */
export interface Candidate {
  readonly route: Route
  readonly index: number
}

export interface Resolved {
  readonly routes: readonly Route[]
  readonly conflicts: readonly { readonly uid: string; readonly problem: Problem }[]
}

const everyMethod: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']

/**
 * Gives each host, path and method to the first candidate that asks for it. A loser does not serve at all; on the
 * methods that nobody older holds it refuses, so that they never fall through to a broader route.
 */
export function resolveConflicts(candidates: readonly Candidate[]): Resolved {
  const held = new Map<string, Route[]>()
  const routes: Route[] = []
  const conflicts: { uid: string; problem: Problem }[] = []
  for (const { route, index } of candidates) {
    const match = publicMatch(route)
    const key = `${route.host} ${match.kind} ${pathShape(match)}`
    const older = held.get(key) ?? []
    const winner = older.find((other) => overlaps(other.methods, route.methods))
    if (winner === undefined) {
      held.set(key, [...older, route])
      routes.push(route)
      continue
    }
    const problem = conflictOf(winner, route, index)
    // Inside one tool set the younger tool is at fault, else the younger tool set.
    const uid = winner.toolSet.uid === route.toolSet.uid ? route.tool.uid : route.toolSet.uid
    conflicts.push({ uid, problem })
    const methods = freeMethods(route, older)
    if (methods.length === 0) continue
    const refused: Route = { ...route, methods, action: { kind: 'refuse', problem } }
    held.set(key, [...older, refused])
    routes.push(refused)
  }
  return { routes, conflicts }
}

function conflictOf(winner: Route, loser: Route, index: number): Problem {
  const path = `${pathText(publicMatch(loser))}${loser.match.kind === 'prefix' ? '*' : ''}`
  return winner.toolSet.uid === loser.toolSet.uid
    ? {
        reason: 'Conflict',
        field: 'spec.http',
        message: `ToolSet "${loser.toolSet.name}" already publishes ${loser.host}${path} by its older Tool "${winner.tool.name}"`,
      }
    : {
        reason: 'Conflict',
        field: `spec.tools[${index}]`,
        message: `${loser.host}${path} of Tool "${loser.tool.name}" is already published by the older ToolSet "${winner.toolSet.name}"`,
      }
}

function freeMethods(route: Route, older: readonly Route[]): readonly string[] {
  if (older.some(({ methods }) => methods.length === 0)) return []
  const taken = new Set(older.flatMap(({ methods }) => methods))
  const wanted = route.methods.length === 0 ? everyMethod : route.methods
  return wanted.filter((method) => !taken.has(method))
}

function overlaps(left: readonly string[], right: readonly string[]): boolean {
  return left.length === 0 || right.length === 0 || left.some((method) => right.includes(method))
}
