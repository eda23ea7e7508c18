import type { PathMatch, Route } from './model.ts'

/** The path of a match; a prefix without its last slash. */
export function pathText(match: PathMatch): string {
  return match.kind === 'prefix' ? match.prefix.replace(/\/+$/, '') : match.path
}

/** One text for all paths that the same requests match: the names of parameters do not count. */
export function pathShape(match: PathMatch): string {
  return pathText(match).replace(/\{[^}]*\}/g, '{}')
}

/** What a caller's path must look like: the tool's own match below the tool set's base path. */
export function publicMatch({ match, basePath }: Pick<Route, 'match' | 'basePath'>): PathMatch {
  const path = basePath + pathText(match) || '/'
  return match.kind === 'prefix' ? { kind: 'prefix', prefix: path } : { kind: match.kind, path }
}
