import { describe, expect, test } from 'vitest'
import type { Built, Finding, Route } from '../model/model.ts'
import { buildTenant } from './build-tenant.ts'
import { aTool, aToolSet, anInput, settings } from './testing/fixtures.ts'
import type { TenantInput } from './input.ts'

const build = (fields: Partial<TenantInput>): Built => buildTenant(anInput(fields), settings)

function finding(built: Built, kind: Finding['ref']['kind'], name: string): Finding {
  const found = built.findings.find(({ ref }) => ref.kind === kind && ref.name === name)
  if (found === undefined) throw new Error(`No finding for ${kind} "${name}"`)
  return found
}

const reasonsOf = (built: Built, kind: Finding['ref']['kind'], name: string): readonly string[] =>
  finding(built, kind, name).problems.map(({ reason }) => reason)

const summary = ({ host, match, methods, action }: Route): string => {
  const path = match.kind === 'prefix' ? `${match.prefix}*` : match.path
  const outcome = action.kind === 'forward' ? 'forward' : action.problem.reason
  return `${host}${path} ${methods.join(',')} ${outcome}`
}

describe('routes', () => {
  test('keep each tool’s own path, below the base path of the tool set', () => {
    const tools = [
      aTool('exact', { http: { methods: ['GET'], path: '/pets' } }),
      aTool('root', { http: { methods: [], path: '/' } }),
      aTool('template', { http: { methods: ['GET'], path: '/pets/{id}' } }),
      aTool('prefix', { http: { methods: [], pathPrefix: '/files/' } }),
    ]
    const toolSets = [aToolSet('api', ['exact', 'root', 'template', 'prefix'], { basePath: '/v1' })]
    expect(build({ tools, toolSets }).model.routes.map(({ match, basePath }) => ({ match, basePath }))).toEqual([
      { match: { kind: 'exact', path: '' }, basePath: '/v1' },
      { match: { kind: 'exact', path: '/' }, basePath: '/v1' },
      { match: { kind: 'prefix', prefix: '/files/' }, basePath: '/v1' },
      { match: { kind: 'exact', path: '/pets' }, basePath: '/v1' },
      { match: { kind: 'template', path: '/pets/{id}' }, basePath: '/v1' },
    ])
  })

  test('at the root of the host have an empty base path, and the widest prefix is /', () => {
    const tools = [aTool('all', { http: { pathPrefix: '/' } })]
    const [route] = build({ tools, toolSets: [aToolSet('api', ['all'])] }).model.routes
    expect(route).toMatchObject({ match: { kind: 'prefix', prefix: '/' }, basePath: '', access: 'Subscribed' })
  })

  test('of a missing tool do not exist, the others are published', () => {
    const built = build({ tools: [aTool('a')], toolSets: [aToolSet('api', ['gone', 'a'])] })
    expect(built.model.routes.map(summary)).toEqual(['acme.gw.test/a GET forward'])
    expect(finding(built, 'ToolSet', 'api').problems).toEqual([
      {
        reason: 'ToolNotFound',
        field: 'spec.tools[0]',
        message: 'Tool "gone" does not exist in this namespace',
      },
    ])
  })

  test('with parameters that are longer than Envoy takes refuse, and whoever made them so is told', () => {
    const long = `/${'a'.repeat(236)}/{id}`
    const tools = [
      aTool('short', { http: { path: `/${'a'.repeat(200)}/{a_long_name_counts_as_one}` } }),
      aTool('fits', { http: { path: long } }),
      aTool('long', { http: { path: `${long}/b` } }),
    ]
    const toolSets = [
      aToolSet('api', ['short', 'fits', 'long']),
      aToolSet('below', ['fits', 'short'], { basePath: '/base' }),
    ]
    const built = build({ tools, toolSets })
    const outcomes = built.model.routes.map(
      ({ toolSet, tool, action }) => `${toolSet.name}/${tool.name} ${action.kind}`,
    )
    expect(outcomes.toSorted()).toEqual([
      'api/fits forward',
      'api/long refuse',
      'api/short forward',
      'below/fits refuse',
      'below/short forward',
    ])
    expect(finding(built, 'Tool', 'long').problems).toMatchObject([{ reason: 'InvalidSpec', field: 'spec.http.path' }])
    expect(finding(built, 'ToolSet', 'below').problems).toMatchObject([
      { reason: 'InvalidSpec', field: 'spec.tools[0]' },
    ])
    expect(reasonsOf(built, 'ToolSet', 'api')).toEqual([])
  })

  test('share a backend with equal identity, and none when the circuit breaker differs', () => {
    const breaker = { circuitBreaker: { maxConnections: 5, maxRequests: 5 } }
    const tools = [aTool('a'), aTool('b', { timeout: '3s' }), aTool('c', breaker)]
    const { routes } = build({ tools, toolSets: [aToolSet('api', ['a', 'b', 'c'])] }).model
    const digests = routes.map(({ action }) => (action.kind === 'forward' ? action.backend.digest : ''))
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(digests[1]).toBe(digests[0])
    expect(digests[2]).not.toBe(digests[0])
  })
})

describe('a rule that cannot be applied is refused on its own path', () => {
  const external = (fields: Record<string, unknown>): Record<string, unknown> => ({
    backend: { type: 'External', external: { host: 'backend.example', port: 8080, ...fields } },
  })
  const service = { backend: { type: 'Service', service: { name: 'shop', port: 80 } } }
  test.each([
    ['a host that does not resolve', external({ host: 'gone.example' }), 'BackendNotFound'],
    ['a host inside the platform', external({ host: 'inside.example' }), 'BackendNotAllowed'],
    ['an address outside the allowed ranges', external({ host: '198.51.100.1' }), 'BackendNotAllowed'],
    ['the metadata address', external({ host: '169.254.169.254' }), 'BackendNotAllowed'],
    ['an address in another notation', external({ host: '0177.0.0.1' }), 'InvalidSpec'],
    ['a single label', external({ host: 'localhost' }), 'InvalidSpec'],
    ['TLS without a name to verify', external({ host: '203.0.113.7', tls: {} }), 'InvalidSpec'],
    ['a Service that does not exist', service, 'BackendNotFound'],
    ['a timeout out of bounds', { timeout: '1h' }, 'InvalidSpec'],
    ['both members of the union', { backend: { ...external({}), type: 'Service' } }, 'InvalidSpec'],
    ['a parameter named twice', { http: { methods: ['GET'], path: '/{a}/{a}' } }, 'InvalidSpec'],
  ])('%s', (_title, spec, reason) => {
    const resolutions = {
      external: new Map([
        ['backend.example', ['203.0.113.7']],
        ['inside.example', ['10.96.0.1']],
      ]),
      services: new Map(),
    }
    const built = build({ tools: [aTool('a', spec)], toolSets: [aToolSet('api', ['a'])], resolutions })
    expect(built.model.routes).toHaveLength(1)
    expect(built.model.routes[0]?.action).toMatchObject({ kind: 'refuse', problem: { reason } })
    expect(reasonsOf(built, 'Tool', 'a')).toEqual([reason])
  })

  test('and tells nothing of what a name means inside the platform', () => {
    const resolutions = { external: new Map([['backend.example', ['10.96.0.1']]]), services: new Map() }
    const built = build({ tools: [aTool('a')], resolutions })
    expect(JSON.stringify(built.findings)).not.toContain('10.96')
  })

  test('a path with dot segments gets no route, for no request ever has it', () => {
    const built = build({
      tools: [aTool('a', { http: { pathPrefix: '/a/../b' } })],
      toolSets: [aToolSet('api', ['a'])],
    })
    expect(built.model.routes).toEqual([])
    expect(reasonsOf(built, 'Tool', 'a')).toEqual(['InvalidSpec'])
  })

  test('only the addresses that are allowed become endpoints', () => {
    const addresses = ['203.0.113.9', '10.0.0.1', '203.0.113.7', '203.0.113.7']
    const resolutions = { external: new Map([['backend.example', addresses]]), services: new Map() }
    const [route] = build({ tools: [aTool('a')], toolSets: [aToolSet('api', ['a'])], resolutions }).model.routes
    expect(route?.action).toMatchObject({
      backend: {
        authority: 'backend.example:8080',
        endpoints: [
          { address: '203.0.113.7', port: 8080 },
          { address: '203.0.113.9', port: 8080 },
        ],
      },
    })
  })
})

describe('hostnames', () => {
  test("S-109 another tenant's host is not granted, and the message does not say whose it is", () => {
    const built = build({ tools: [aTool('a')], toolSets: [aToolSet('api', ['a'], { hostname: 'globex.gw.test' })] })
    expect(built.model.routes).toEqual([])
    expect(finding(built, 'ToolSet', 'api').problems).toEqual([
      {
        reason: 'HostnameNotGranted',
        field: 'spec.hostname',
        message: 'hostname "globex.gw.test" is not granted to this tenant',
      },
    ])
  })

  test.each(['gw.test', 'idp.test', 'admin.gw.test', 'xn--bcme-5qa.gw.test', 'test.'])(
    'S-110 %s publishes nothing',
    (hostname) => {
      const built = build({ tools: [aTool('a')], toolSets: [aToolSet('api', ['a'], { hostname })] })
      expect(built.model.routes).toEqual([])
      expect(['HostnameNotGranted', 'HostnameInvalid']).toContain(reasonsOf(built, 'ToolSet', 'api')[0])
    },
  )

  test.each(['*.gw.test', '*', 'globex.gw.test:443', 'globex.gw.test@acme.gw.test'])(
    'S-110 %s is no host, even where the API server let it in',
    (hostname) => {
      const toolSet = aToolSet('api', ['a'])
      const built = build({ tools: [aTool('a')], toolSets: [{ ...toolSet, spec: { ...toolSet.spec, hostname } }] })
      expect(built.model.routes).toEqual([])
      expect(reasonsOf(built, 'ToolSet', 'api')).toEqual(['HostnameInvalid'])
    },
  )

  test('S-128 spellings of one host are one host, and conflict', () => {
    const toolSets = [
      aToolSet('api', ['a'], { hostname: 'ACME.gw.test.' }),
      aToolSet('twin', ['a'], { hostname: 'acme.gw.test' }, { created: '2026-01-02T00:00:00Z' }),
    ]
    const built = build({ tools: [aTool('a')], toolSets })
    expect(built.model.routes.map(summary)).toEqual(['acme.gw.test/a GET forward'])
    expect(reasonsOf(built, 'ToolSet', 'twin')).toEqual(['Conflict'])
  })
})

describe('conflicts', () => {
  const younger = { created: '2026-01-02T00:00:00Z' }
  const pets = (methods: readonly string[], path = '/pets'): Record<string, unknown> => ({ http: { methods, path } })

  test('go to the older tool set, and the loser names only objects of this tenant', () => {
    const tools = [aTool('a', pets(['GET'])), aTool('b', pets(['GET']))]
    const toolSets = [aToolSet('one', ['b'], {}, younger), aToolSet('two', ['a'])]
    const built = build({ tools, toolSets })
    expect(built.model.routes.map(({ toolSet }) => toolSet.name)).toEqual(['two'])
    expect(finding(built, 'ToolSet', 'one').problems).toEqual([
      {
        reason: 'Conflict',
        field: 'spec.tools[0]',
        message: 'acme.gw.test/pets of Tool "b" is already published by the older ToolSet "two"',
      },
    ])
    expect(reasonsOf(built, 'ToolSet', 'two')).toEqual([])
  })

  test('are decided by uid when both are of the same second', () => {
    const tools = [aTool('a', pets(['GET']))]
    const toolSets = [aToolSet('one', ['a'], {}, { uid: 'z' }), aToolSet('two', ['a'], {}, { uid: 'y' })]
    expect(reasonsOf(build({ tools, toolSets }), 'ToolSet', 'one')).toEqual(['Conflict'])
  })

  test('inside one tool set go to the older tool', () => {
    const tools = [aTool('a', pets(['GET']), younger), aTool('b', pets(['GET']))]
    const built = build({ tools, toolSets: [aToolSet('api', ['a', 'b'])] })
    expect(built.model.routes.map(({ tool }) => tool.name)).toEqual(['b'])
    expect(reasonsOf(built, 'Tool', 'a')).toEqual(['Conflict'])
  })

  test('do not exist between different methods, or between different paths', () => {
    const tools = [aTool('a', pets(['GET'])), aTool('b', pets(['POST'])), aTool('c', pets(['GET'], '/pets/{id}'))]
    const built = build({ tools, toolSets: [aToolSet('api', ['a', 'b', 'c'])] })
    expect(built.findings.flatMap(({ problems }) => problems)).toEqual([])
    expect(built.model.routes).toHaveLength(3)
  })

  test.each(['/one', '/one/'])('are seen at %s, which a tool at / below /one is called by too', (path) => {
    const tools = [aTool('a', pets(['GET'], path)), aTool('root', pets(['GET'], '/'))]
    const toolSets = [aToolSet('api', ['a']), aToolSet('one', ['root'], { basePath: '/one' }, younger)]
    const built = build({ tools, toolSets })
    expect(built.model.routes.map(({ toolSet, action }) => `${toolSet.name} ${action.kind}`).sort()).toEqual([
      'api forward',
      'one forward',
    ])
    expect(reasonsOf(built, 'ToolSet', 'one')).toEqual(['Conflict'])
  })

  test('see through the names of parameters', () => {
    const tools = [aTool('a', pets(['GET'], '/pets/{id}')), aTool('b', pets(['GET'], '/pets/{name}'), younger)]
    expect(reasonsOf(build({ tools, toolSets: [aToolSet('api', ['a', 'b'])] }), 'Tool', 'b')).toEqual(['Conflict'])
  })

  test('refuse the methods that nobody older holds, so that they do not fall through to a weaker route', () => {
    const tools = [aTool('a', pets(['GET'])), aTool('b', pets(['GET', 'POST']), younger)]
    const built = build({ tools, toolSets: [aToolSet('api', ['a', 'b'])] })
    expect(built.model.routes.map(summary)).toEqual([
      'acme.gw.test/pets GET forward',
      'acme.gw.test/pets POST Conflict',
    ])
  })
})
