import { decodeAny } from '@bulkhead/envoy'
import { expect, test } from 'vitest'
import type { PathMatch } from '../../model/model.ts'
import { comparePaths, pathRules } from './paths.ts'
import type { PathRule } from './paths.ts'

const exact = (path: string): PathMatch => ({ kind: 'exact', path })
const template = (path: string): PathMatch => ({ kind: 'template', path })
const prefix = (text: string): PathMatch => ({ kind: 'prefix', prefix: text })

/** `match → what the backend sees`. */
function text({ match, rewrite }: PathRule): string {
  const policy = match.pathMatchPolicy?.typedConfig
  const pattern =
    policy === undefined
      ? undefined
      : decodeAny('envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', policy).pathTemplate
  const to = rewrite.pathRewritePolicy?.typedConfig
  const target =
    to === undefined
      ? rewrite.prefixRewrite
      : decodeAny('envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig', to).pathTemplateRewrite
  const kinds = { path: match.path, prefix: match.prefix, segments: match.pathSeparatedPrefix, template: pattern }
  const from = Object.entries(kinds).flatMap(([kind, value]) => (value === undefined ? [] : [`${kind} ${value}`]))
  return `${from.join()} → ${target ?? 'itself'}`
}

test.each([
  ['', exact('/orders'), ['path /orders → itself']],
  ['', exact('/'), ['path / → itself']],
  ['/base', exact('/orders'), ['path /base/orders → /orders']],
  ['/base', exact('/orders/'), ['path /base/orders/ → /orders/']],
  ['/base', exact(''), ['path /base → /']],
  ['/base', exact('/'), ['path /base/ → /']],
  ['', prefix('/'), ['prefix / → itself']],
  ['', prefix('/api'), ['segments /api → itself']],
  ['', prefix('/api/'), ['segments /api → itself']],
  ['/base', prefix('/'), ['path /base → /', 'prefix /base/ → /']],
  ['/base', prefix('/api'), ['segments /base/api → /api']],
  ['/base', prefix('/api/'), ['segments /base/api → /api']],
  ['', template('/orders/{id}'), ['template /orders/* → itself']],
  ['', template('/orders/{id}/'), ['template /orders/*/ → itself']],
  ['/base', template('/orders/{id}'), ['template /base/{rest=orders/*} → /{rest}']],
  ['/base', template('/{a}/{b}/'), ['template /base/{rest=*/*}/ → /{rest}/']],
])(
  'S-076 below "%s", %o is matched on whole segments and given to the backend without its base',
  (base, match, expected) => {
    expect(pathRules(base, match).map(text)).toEqual(expected)
  },
)

// Envoy takes 256 characters; what is refused for its length is refused below as much of it as fits.
test.each([
  ['', `/{a}/${'b'.repeat(100)}/${'c'.repeat(200)}`, `template /*/${'b'.repeat(100)}/** → itself`],
  ['', `/{a}/${'b'.repeat(300)}`, 'template /*/** → itself'],
  ['', `/${'a'.repeat(300)}/{b}`, `segments /${'a'.repeat(300)} → itself`],
  [`/${'a'.repeat(250)}`, '/b/{c}', `segments /${'a'.repeat(250)}/b → itself`],
  [`/${'a'.repeat(100)}`, '/{b}'.repeat(90), `template /${'a'.repeat(100)}${'/*'.repeat(76)}/** → itself`],
])('S-077 below "%s" the template %s is refused though it is too long to be matched', (base, path, expected) => {
  expect(pathRules(base, template(path)).map(text)).toEqual([expected])
})

test('the more specific path comes first, whatever order they come in', () => {
  const sorted = [
    exact('/a/b'),
    exact('/z'),
    template('/a/b/{x}'),
    template('/a/{x}/c'),
    template('/a/{x}/{y}'),
    template('/{x}/b/c'),
    prefix('/a/bc'),
    prefix('/a/b'),
    prefix('/b'),
    prefix('/'),
  ]
  expect([...sorted].reverse().sort(comparePaths)).toEqual(sorted)
  expect(
    [...sorted].sort((left, right) => JSON.stringify(left).localeCompare(JSON.stringify(right))).sort(comparePaths),
  ).toEqual(sorted)
})

test('templates that differ in the names of their parameters are one path', () => {
  expect(comparePaths(template('/a/{x}/b'), template('/a/{y}/b'))).toBe(0)
  expect(comparePaths(template('/a/{x}'), template('/a/{x}/'))).not.toBe(0)
})
