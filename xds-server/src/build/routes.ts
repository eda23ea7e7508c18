import type { Metadata, Problem, ToolSet } from '@bulkhead/crds'
import { canonicalHost } from '@bulkhead/tenancy'
import type { Host } from '@bulkhead/tenancy'
import { compareText } from '../model/compare-text.ts'
import type { ObjectRef, PathMatch, Route, RouteAction } from '../model/model.ts'
import { isTooLong, longestTemplate, pathText, publicMatch } from '../model/public-match.ts'
import { resolveConflicts } from './conflicts.ts'
import type { Candidate } from './conflicts.ts'
import { compareAge, refOf } from './order.ts'
import type { UnderstoodTool } from './tools/tool.ts'

export interface PublishedRoutes {
  readonly routes: readonly Route[]
  /** Problems by the uid of the ToolSet or Tool that has them. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>
  /** Uids of the tools that some tool set names. */
  readonly referencedTools: ReadonlySet<string>
}

/** A tool set, or what could be read of one; then it refuses wherever it publishes. */
export interface Publisher {
  readonly metadata: Metadata
  readonly spec: Pick<ToolSet['spec'], 'hostname' | 'basePath' | 'tools' | 'access'>
  readonly problem?: Problem
}

/** The routes that the tool sets (oldest first) publish on granted hosts, in a fixed order, without conflicts. */
export function publishRoutes(
  toolSets: readonly Publisher[],
  tools: ReadonlyMap<string, UnderstoodTool>,
  granted: ReadonlySet<Host>,
): PublishedRoutes {
  const problems = new Map<string, Problem[]>()
  const referencedTools = new Set<string>()
  const candidates: Candidate[] = []
  const add = (uid: string, problem: Problem): void => {
    problems.set(uid, [...(problems.get(uid) ?? []), problem])
  }
  for (const toolSet of toolSets) {
    const ref = refOf('ToolSet', toolSet.metadata)
    const host = grantedHost(toolSet, granted)
    if (!host.ok) add(ref.uid, host.problem)
    for (const { index, tool, problem } of namedTools(toolSet, tools)) {
      if (tool === undefined) {
        add(ref.uid, { ...problem, field: `spec.tools[${index}]` })
        continue
      }
      referencedTools.add(tool.ref.uid)
      const wanted = host.ok ? candidatesOf({ toolSet, ref, host: host.host, tool, index }) : []
      const long = wanted.flatMap((candidate) => tooLong(candidate) ?? [])
      for (const problem of long) add(ref.uid, problem)
      candidates.push(...wanted.map((candidate) => refusingFor(long[0], candidate)))
    }
  }
  const { routes, conflicts } = resolveConflicts(candidates)
  for (const { uid, problem } of conflicts) add(uid, problem)
  return { routes: [...routes].sort(compareRoutes), problems, referencedTools }
}

type HostOutcome = { readonly ok: true; readonly host: Host } | { readonly ok: false; readonly problem: Problem }

function grantedHost({ spec }: Publisher, granted: ReadonlySet<Host>): HostOutcome {
  const host = canonicalHost(spec.hostname)
  const field = 'spec.hostname'
  if (host === undefined) {
    return { ok: false, problem: { reason: 'HostnameInvalid', field, message: `"${spec.hostname}" is no host name` } }
  }
  if (granted.has(host)) return { ok: true, host }
  const message = `hostname "${host}" is not granted to this tenant`
  return { ok: false, problem: { reason: 'HostnameNotGranted', field, message } }
}

interface NamedTool {
  readonly index: number
  readonly tool: UnderstoodTool | undefined
  readonly problem: Problem
}

/** Each name of the list once, oldest tool first, so that conflicts inside one tool set go to the oldest as well. */
function namedTools({ spec }: Publisher, tools: ReadonlyMap<string, UnderstoodTool>): readonly NamedTool[] {
  const named = [...new Set(spec.tools)].map((name) => ({
    index: spec.tools.indexOf(name),
    tool: tools.get(name),
    problem: { reason: 'ToolNotFound' as const, field: '', message: `Tool "${name}" does not exist in this namespace` },
  }))
  const found = named.filter(({ tool }) => tool !== undefined)
  const missing = named.filter(({ tool }) => tool === undefined)
  const age = (left: NamedTool, right: NamedTool): number =>
    left.tool === undefined || right.tool === undefined ? 0 : compareAge(left.tool.metadata, right.tool.metadata)
  return [...found.sort(age), ...missing]
}

interface Publication {
  readonly toolSet: Publisher
  readonly ref: ObjectRef
  readonly host: Host
  readonly tool: UnderstoodTool
  readonly index: number
}

function candidatesOf({ toolSet, ref, host, tool, index }: Publication): readonly Candidate[] {
  const basePath = withoutTrailingSlash(toolSet.spec.basePath)
  const { methods } = tool
  const { problem } = toolSet
  const action: RouteAction = problem === undefined ? tool.action : { kind: 'refuse', problem }
  return matchesBelow(basePath, tool).map((match) => ({
    index,
    route: {
      toolSet: ref,
      tool: tool.ref,
      host,
      basePath,
      match,
      methods,
      access: toolSet.spec.access,
      action,
    },
  }))
}

// A template that is too long by itself is its Tool's problem already.
function tooLong({ route, index }: Candidate): Problem | undefined {
  if (!isTooLong(publicMatch(route)) || isTooLong(route.match)) return undefined
  const message = `the path of Tool "${route.tool.name}" has with the base path more than ${longestTemplate} characters, each {parameter} counted as one`
  return { reason: 'InvalidSpec', field: `spec.tools[${index}]`, message }
}

function refusingFor(problem: Problem | undefined, candidate: Candidate): Candidate {
  if (problem === undefined) return candidate
  return { ...candidate, route: { ...candidate.route, action: { kind: 'refuse', problem } } }
}

// Below a base path a tool at `/` is called with and without the slash: two paths, either of which another may hold.
function matchesBelow(basePath: string, { matches }: UnderstoodTool): readonly PathMatch[] {
  const isBoth = (match: PathMatch): boolean => basePath !== '' && match.kind === 'exact' && match.path === '/'
  return matches.flatMap((match) => (isBoth(match) ? [{ kind: 'exact', path: '' }, match] : [match]))
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function compareRoutes(left: Route, right: Route): number {
  return (
    compareText(left.host, right.host) ||
    compareText(pathText(publicMatch(left)), pathText(publicMatch(right))) ||
    compareText(left.match.kind, right.match.kind) ||
    compareText(left.toolSet.uid, right.toolSet.uid) ||
    compareText(left.tool.uid, right.tool.uid) ||
    compareText(left.methods.join(), right.methods.join())
  )
}
