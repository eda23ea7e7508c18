// Random tenants, as hostile as the API lets them be.
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Access, PathMatch, Route, TenantModel } from '../../model/model.ts'
import { forwardTo, hostOf, object, refused, route, tenant } from './models.ts'

const segment = fc.stringMatching(/^[-._~!$&'()+,;=:@A-Za-z0-9]{1,12}$/).filter((text) => !/^\.{1,2}$/.test(text))
const segments = fc.array(segment, { maxLength: 4 })
const path = segments.map((parts) => `/${parts.join('/')}`)
const baseSegment = fc.stringMatching(/^[-_~A-Za-z0-9][-._~A-Za-z0-9]{0,8}$/)
const basePath = fc.array(baseSegment, { maxLength: 2 }).map((parts) => parts.map((part) => `/${part}`).join(''))
const template = fc
  .tuple(fc.array(fc.oneof(segment, fc.constant('{id}')), { maxLength: 8 }), fc.boolean())
  .map(([parts, slash]) => `/${[...parts, '{last}'].join('/')}${slash ? '/' : ''}`)

const match: Arbitrary<PathMatch> = fc.oneof(
  path.map((text): PathMatch => ({ kind: 'exact', path: text })),
  template.map((text): PathMatch => ({ kind: 'template', path: text })),
  path.map((text): PathMatch => ({ kind: 'prefix', prefix: text })),
)

const action: Arbitrary<Route['action']> = fc.oneof(
  fc.constant(refused),
  fc
    .record({
      digest: fc.constantFrom('b1', 'b2', 'b3'),
      retries: fc.integer({ min: 0, max: 3 }),
      forwardToken: fc.boolean(),
      timeoutMs: fc.integer({ min: 10, max: 600_000 }),
    })
    .map(({ digest, ...rest }) => ({ ...forwardTo({ digest }), ...rest })),
)

const methods = fc.uniqueArray(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'), {
  maxLength: 7,
})

/** A tenant with any routes, hosts and limits that the API could have let through. */
export function anyTenant(name: string): Arbitrary<TenantModel> {
  const hosts = [hostOf(`${name}.gw.test`), hostOf(`api.${name}.test`)]
  const one = fc
    .record({
      tool: fc.stringMatching(/^[a-z]{1,6}$/),
      toolSet: fc.stringMatching(/^[a-z]{1,6}$/),
      host: fc.constantFrom(...hosts),
      basePath,
      match,
      methods,
      access: fc.constantFrom<Access>('Public', 'Authenticated', 'Subscribed'),
      action,
    })
    .map(({ tool, toolSet, ...change }) => route(tool, { ...change, toolSet: object('ToolSet', toolSet) }))
  const limits = fc
    .integer({ min: 0, max: 1_000_000 })
    .map((guaranteed) => ({ guaranteed, ceiling: Math.max(1, guaranteed) }))
  return fc
    .record({ routes: fc.array(one, { maxLength: 12 }), limits, isSuspended: fc.boolean(), hasKeys: fc.boolean() })
    .map(({ hasKeys, ...change }) => tenant(name, { ...change, hosts, ...(hasKeys ? {} : { identity: undefined }) }))
}
