import type { Metadata, Problem, Tool } from '@bulkhead/crds'
import { durationMs } from '@bulkhead/crds'
import type { ObjectRef, PathMatch, RouteAction } from '../../model/model.ts'
import { backendOf } from './backend.ts'
import type { BackendContext } from './backend.ts'
import type { InvalidObject } from '../input.ts'
import { isTooLong, longestTemplate } from '../../model/public-match.ts'
import { refOf } from '../order.ts'

/** A tool for itself, before any tool set publishes it. */
export interface UnderstoodTool {
  readonly ref: ObjectRef
  readonly metadata: Metadata
  /** Relative to the tool set's base path. Empty when the object names no usable path. */
  readonly matches: readonly PathMatch[]
  readonly methods: readonly string[]
  readonly action: RouteAction
  readonly problems: readonly Problem[]
}

type Http = Tool['spec']['http']

const minTimeoutMs = 10
const maxTimeoutMs = 600_000
const tooLong = `a path with parameters has at most ${longestTemplate} characters, each {parameter} counted as one`

/** What a tool means; one that cannot be served keeps its paths and refuses on them. */
export function understandTool(tool: Tool, context: BackendContext): UnderstoodTool {
  const { spec, metadata } = tool
  const outcome = backendOf(spec, context)
  const timeoutMs = durationMs(spec.timeout)
  const problems = [
    ...httpProblems(spec.http),
    ...(timeoutMs < minTimeoutMs || timeoutMs > maxTimeoutMs
      ? [invalid('spec.timeout', `timeout must be between 10ms and 10m, not ${spec.timeout}`)]
      : []),
    ...(outcome.ok ? [] : [outcome.problem]),
  ]
  const [problem] = problems
  const forward = (): RouteAction | undefined =>
    outcome.ok
      ? { kind: 'forward', backend: outcome.backend, timeoutMs, retries: spec.retries, forwardToken: spec.forwardToken }
      : undefined
  const action = problem === undefined ? forward() : undefined
  return {
    ref: refOf('Tool', metadata),
    metadata,
    matches: matchesOf(spec.http),
    methods: [...new Set(spec.http.methods)].sort(),
    action: action ?? { kind: 'refuse', problem: problem ?? invalid('spec', 'the tool cannot be served') },
    problems,
  }
}

/** A tool of which only the paths could be read: it refuses on them. */
export function understandInvalidTool({ metadata, problem, http }: InvalidObject): UnderstoodTool {
  const found = invalid('spec', problem)
  return {
    ref: refOf('Tool', metadata),
    metadata,
    matches: http === undefined ? [] : matchesOf(http),
    methods: http === undefined ? [] : [...new Set(http.methods)].sort(),
    action: { kind: 'refuse', problem: found },
    problems: [found],
  }
}

function invalid(field: string, message: string): Problem {
  return { reason: 'InvalidSpec', field, message }
}

function httpProblems({ path, pathPrefix }: Http): readonly Problem[] {
  const problems: Problem[] = []
  if ((path === undefined) === (pathPrefix === undefined)) {
    problems.push(invalid('spec.http', 'exactly one of path and pathPrefix is needed'))
  }
  for (const [field, text] of [
    ['path', path],
    ['pathPrefix', pathPrefix],
  ] as const) {
    if (text !== undefined && hasDotSegment(text)) {
      problems.push(invalid(`spec.http.${field}`, `${field} must not hold the segments . and ..`))
    }
  }
  if (path !== undefined && matchesOf({ methods: [], path }).some(isTooLong))
    problems.push(invalid('spec.http.path', tooLong))
  const parameters = path?.match(/\{[^{}]*\}/g) ?? []
  if (new Set(parameters).size !== parameters.length) {
    problems.push(invalid('spec.http.path', 'each {parameter} must have a name of its own'))
  }
  return problems
}

// A path with dot segments never arrives (Envoy normalises requests), so it gets no route; everything else keeps one.
function matchesOf({ path, pathPrefix }: Http): readonly PathMatch[] {
  const matches: PathMatch[] = []
  if (path !== undefined && !hasDotSegment(path)) {
    matches.push(path.includes('{') ? { kind: 'template', path } : { kind: 'exact', path })
  }
  if (pathPrefix !== undefined && !hasDotSegment(pathPrefix)) matches.push({ kind: 'prefix', prefix: pathPrefix })
  return matches
}

function hasDotSegment(path: string): boolean {
  return path.split('/').some((segment) => segment === '.' || segment === '..')
}
