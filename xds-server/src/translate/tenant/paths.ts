import type { RouteAction, RouteMatch } from '@bulkhead/envoy'
import { compareText } from '../../model/compare-text.ts'
import type { PathMatch } from '../../model/model.ts'
import { isTooLong, pathShape, withoutLastSlashes } from '../../model/public-match.ts'
import { extension } from '../values.ts'

/** One way in which Envoy recognises a path, and what the backend gets to see instead of it. */
export interface PathRule {
  readonly match: RouteMatch
  readonly rewrite: Pick<RouteAction, 'prefixRewrite' | 'pathRewritePolicy'>
}

/**
 * The rules for a tool's path below a base path. A prefix ends at a segment; the backend never sees an empty path. No regular expressions: their size is limited and they want escaping.
 */
export function pathRules(basePath: string, match: PathMatch): readonly PathRule[] {
  switch (match.kind) {
    case 'exact':
      return [exactRule(basePath, match.path)]
    case 'template':
      return [templateRule(basePath, match.path)]
    case 'prefix':
      return prefixRules(basePath, withoutLastSlashes(match.prefix))
  }
}

function exactRule(basePath: string, path: string): PathRule {
  if (basePath === '') return { match: { path: path || '/' }, rewrite: {} }
  return { match: { path: basePath + path }, rewrite: { prefixRewrite: path || '/' } }
}

function prefixRules(basePath: string, prefix: string): readonly PathRule[] {
  if (basePath === '' && prefix === '') return [{ match: { prefix: '/' }, rewrite: {} }]
  if (prefix === '')
    return [
      { match: { path: basePath }, rewrite: { prefixRewrite: '/' } },
      { match: { prefix: `${basePath}/` }, rewrite: { prefixRewrite: '/' } },
    ]
  return [
    {
      match: { pathSeparatedPrefix: basePath + prefix },
      rewrite: basePath === '' ? {} : { prefixRewrite: prefix },
    },
  ]
}

/** What the longest path that Envoy takes for a template may be. */
const envoyLimit = 256

/**
 * What stands for a template that Envoy does not take: everything below as many of its segments as fit. Its route refuses,
 * and without it the requests would fall through to a broader one.
 */
function beginningOf(path: string): RouteMatch {
  const segments = segmentsOf(path).map((segment) => (isParameter(segment) ? '*' : segment))
  const literals = segments.includes('*') ? segments.indexOf('*') : segments.length
  const fitting = segments.findLastIndex((_, index) => below(segments.slice(0, index + 1)).length <= envoyLimit) + 1
  return fitting > literals
    ? templateMatch(below(segments.slice(0, fitting)))
    : { pathSeparatedPrefix: `/${segments.slice(0, literals).join('/')}` }
}

function below(segments: readonly string[]): string {
  return `/${segments.join('/')}/**`
}

/** `/base/orders/{id}/` becomes `/base/{rest=orders/*}/`, of which the backend sees `/{rest}/`. */
function templateRule(basePath: string, path: string): PathRule {
  if (isTooLong({ kind: 'template', path: basePath + path }))
    return { match: beginningOf(basePath + path), rewrite: {} }
  const slash = path.endsWith('/') ? '/' : ''
  const segments = segmentsOf(path).map((segment) => (isParameter(segment) ? '*' : segment))
  const rest = segments.join('/')
  if (basePath === '') return { match: templateMatch(`/${rest}${slash}`), rewrite: {} }
  const rewrite = extension('path', 'envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig', {
    pathTemplateRewrite: `/{rest}${slash}`,
  })
  return { match: templateMatch(`${basePath}/{rest=${rest}}${slash}`), rewrite: { pathRewritePolicy: rewrite } }
}

function templateMatch(pathTemplate: string): RouteMatch {
  return {
    pathMatchPolicy: extension('path', 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', {
      pathTemplate,
    }),
  }
}

const rank = { exact: 0, template: 1, prefix: 2 } as const

/** The more specific path first: exact, then templates, then prefixes from long to short; never by age. */
export function comparePaths(left: PathMatch, right: PathMatch): number {
  if (left.kind !== right.kind) return rank[left.kind] - rank[right.kind]
  const a = pathShape(left)
  const b = pathShape(right)
  if (left.kind === 'prefix') return b.length - a.length || compareText(a, b)
  return left.kind === 'template' ? compareTemplates(a, b) : compareText(a, b)
}

// Two templates that match one path have equally many segments: the first difference decides, the literal wins.
function compareTemplates(left: string, right: string): number {
  const a = segmentsOf(left)
  const b = segmentsOf(right)
  for (const [index, segment] of a.entries()) {
    const order = compareSegments(segment, b[index] ?? '')
    if (order !== 0) return order
  }
  return a.length - b.length || compareText(left, right)
}

function compareSegments(left: string, right: string): number {
  if (isParameter(left) !== isParameter(right)) return isParameter(left) ? 1 : -1
  return isParameter(left) ? 0 : compareText(left, right)
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{')
}
