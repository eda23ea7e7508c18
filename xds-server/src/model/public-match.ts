import type { PathMatch, Route } from './model.ts'

/** The path of a match; a prefix without its last slash. */
export function pathText(match: PathMatch): string {
  return match.kind === 'prefix' ? withoutLastSlashes(match.prefix) : match.path
}

/** One text for all paths that the same requests match: the names of parameters do not count. */
export function pathShape(match: PathMatch): string {
  return pathText(match).replace(/\{[^{}]*\}/g, '{}')
}

/** What a caller's path must look like: the tool's own match below the tool set's base path. */
export function publicMatch({ match, basePath }: Pick<Route, 'match' | 'basePath'>): PathMatch {
  const path = basePath + pathText(match) || '/'
  return match.kind === 'prefix' ? { kind: 'prefix', prefix: path } : { kind: match.kind, path }
}

/** A path without the slashes at its end; an expression for that would look at each run of slashes many times. */
export function withoutLastSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}

/** What a template may be long below its base path: with what Envoy's form of it needs, it stays within Envoy's 256. */
export const longestTemplate = 240

/** Whether a match is a template that Envoy would refuse for its length; a parameter counts as one character. */
export function isTooLong(match: PathMatch): boolean {
  return match.kind === 'template' && match.path.replace(/\{[^{}]*\}/g, '*').length > longestTemplate
}
