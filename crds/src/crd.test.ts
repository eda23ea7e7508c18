import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { customResourceDefinitions, kinds, parserOf, reasons, tenant, tool } from './index.ts'

type Node = Readonly<Record<string, unknown>>
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every schema node below one, with its path. */
function nodes(path: string, node: Node): readonly (readonly [string, Node])[] {
  const properties = isNode(node['properties']) ? Object.entries(node['properties']) : []
  const items = isNode(node['items']) ? [['[]', node['items']] as const] : []
  const values = isNode(node['additionalProperties']) ? [['{}', node['additionalProperties']] as const] : []
  const below = [...properties, ...items, ...values].flatMap(([name, child]) =>
    isNode(child) ? nodes(`${path}.${name}`, child) : [],
  )
  return [[path, node], ...below]
}

const all = customResourceDefinitions().flatMap((definition) => {
  const version = (definition.spec['versions'] as readonly Node[])[0] ?? {}
  const schema = (version['schema'] as Node)['openAPIV3Schema'] as Node
  const parts = schema['properties'] as Record<string, Node>
  const kind = String((definition.spec['names'] as Node)['kind'])
  return ['spec', 'status'].flatMap((part) => nodes(`${kind}.${part}`, parts[part] ?? {}))
})

const isBounded: Readonly<Record<string, (node: Node) => boolean>> = {
  string: (node) => node['maxLength'] !== undefined || node['enum'] !== undefined,
  array: (node) => node['maxItems'] !== undefined,
  integer: (node) => node['minimum'] !== undefined && node['maximum'] !== undefined,
  object: (node) => node['additionalProperties'] === undefined || node['maxProperties'] !== undefined,
  boolean: () => true,
}

test('S-136 H-10 every string, list, map and number of every kind is bounded', () => {
  expect(all.length).toBeGreaterThan(100)
  const unbounded = all.filter(([, node]) => isBounded[String(node['type'])]?.(node) !== true)
  expect(unbounded.map(([path]) => path)).toEqual([])
})

test('a schema without a bound would be found', () => {
  expect(isBounded['string']?.({ type: 'string' })).toBe(false)
  expect(isBounded['array']?.({ type: 'array', items: {} })).toBe(false)
})

test('H-10 no schema keeps unknown fields', () => {
  expect(all.filter(([, node]) => 'x-kubernetes-preserve-unknown-fields' in node)).toEqual([])
})

test('S-118 no reference field of any kind can name another namespace', () => {
  const references = all.filter(([path]) => /(Ref|service|secretName)$/.test(path))
  expect(references.length).toBeGreaterThanOrEqual(5)
  const leaks = all.filter(
    ([path]) =>
      path.endsWith('.namespace') && !['Tenant.spec.admins.[].namespace', 'Tenant.status.namespace'].includes(path),
  )
  expect(leaks.map(([path]) => path)).toEqual([])
})

test('no status schema has required fields outside its conditions', () => {
  const required = all.filter(
    ([path, node]) => /\.status/.test(path) && !path.includes('conditions') && node['required'] !== undefined,
  )
  expect(required.map(([path]) => path)).toEqual([])
})

test('the committed YAML is what the schemas say', () => {
  const folder = join(import.meta.dirname, '../../manifests/crds')
  for (const definition of customResourceDefinitions()) {
    const plural = definition.metadata.name.split('.')[0] ?? ''
    expect(parse(readFileSync(join(folder, `${plural}.yaml`), 'utf8'))).toEqual(JSON.parse(JSON.stringify(definition)))
  }
})

test('the reference page lists every reason', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/reasons.md'), 'utf8')
  for (const reason of Object.keys(reasons)) expect(page).toContain(`| \`${reason}\` |`)
})

const metadata = {
  name: 'acme',
  uid: 'u',
  resourceVersion: '9007199254740993',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
}

test('S-197 a resource version stays the text it was', () => {
  const parsed = parserOf(tenant)({ metadata, spec: { displayName: 'Acme' } })
  expect(parsed).toMatchObject({ ok: true, value: { metadata: { resourceVersion: '9007199254740993' } } })
})

test('a tenant that says only its name gets every default', () => {
  const parsed = parserOf(tenant)({ metadata, spec: { displayName: 'Acme' } })
  expect(parsed).toMatchObject({
    value: {
      spec: {
        identity: { type: 'Realm', realm: { accessTokenLifetime: '5m' } },
        deletionPolicy: 'Retain',
        suspended: false,
      },
    },
  })
})

test.each([
  [
    'spec.backend.external.port',
    { backend: { type: 'External', external: { host: 'a.test', port: 65536 } }, http: { path: '/a' } },
  ],
  ['spec.http.path', { backend: { type: 'Service', service: { name: 'a', port: 80 } }, http: { path: '/a?b=c' } }],
  [
    'spec.http.methods.0',
    { backend: { type: 'Service', service: { name: 'a', port: 80 } }, http: { path: '/a', methods: ['CONNECT'] } },
  ],
  [
    'spec.timeout',
    { backend: { type: 'Service', service: { name: 'a', port: 80 } }, http: { path: '/a' }, timeout: '1 day' },
  ],
])('a tool with a wrong %s is refused with the name of the field', (field, spec) => {
  const parsed = parserOf(tool)({ metadata, spec })
  expect(parsed.ok ? '' : parsed.problem).toContain(field)
})

test.each([
  ['a name of 128 characters outside the basic plane', { displayName: '🦊'.repeat(128) }],
  ['a host with a space that is one to JavaScript alone', { hostnames: [{ host: 'a.test\u00a0' }] }],
])('what the API server lets in is let in here too: %s', (_title, spec) => {
  expect(parserOf(tenant)({ metadata, spec: { displayName: 'Acme', ...spec } }).ok).toBe(true)
})

test('S-196 a field named __proto__ changes nothing', () => {
  const raw: unknown = JSON.parse(
    JSON.stringify({ metadata, spec: { displayName: 'A' } }).replace(
      '"displayName"',
      '"__proto__":{"polluted":1},"displayName"',
    ),
  )
  parserOf(tenant)(raw)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('kinds are addressed by the plural of their definition', () => {
  const names = customResourceDefinitions().map((definition) => definition.metadata.name)
  expect(names).toEqual(Object.values(kinds).map((kind) => `${kind.plural}.${kind.group}`))
})
