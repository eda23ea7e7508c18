import { serverNameHeader } from '@bulkhead/tenancy'
import { guards } from '../contract.ts'
import { at, listAt, textAt } from '../json.ts'
import { rule } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { everyRoute, isOn, offText, routesIn, vhosts } from './reading.ts'

// What may be off, by the status that a route answers with.
const offByStatus: Readonly<Record<number, readonly string[]>> = {
  403: [[...guards].sort().join()],
  404: ['ext-authz'],
  405: ['ext-authz', 'ext-authz,tenant-auth'],
  500: ['ext-authz'],
}

/** Every request has an answer, and what answers by itself keeps its guards. */
export const answerRules: readonly Rule[] = [
  rule('D-10/one-host', 'there must be one virtual host "*" for every domain', (routes) => {
    const [only, ...others] = vhosts(routes)
    return others.length === 0 && textAt(only, 'name') === '*' && JSON.stringify(at(only, 'domains')) === '["*"]'
  }),
  rule(
    'D-10/catch-all',
    'the last route must answer everything that is left with 404, or 403 when suspended',
    (routes) => {
      const last = routesIn(routes).at(-1)
      const status = at(last, 'directResponse.status')
      const isEverything = JSON.stringify(at(last, 'match')) === '{"prefix":"/"}'
      return isEverything && (status === 404 || status === 403)
    },
  ),
  rule('S-026/misdirected', 'the first route must answer 421 to other server names, with every guard off', (routes) => {
    const [first] = routesIn(routes)
    const matchers = listAt(first, 'match.headers')
    return (
      at(first, 'directResponse.status') === 421 &&
      textAt(first, 'match.prefix') === '/' &&
      matchers.length > 0 &&
      matchers.every((each) => textAt(each, 'name') === serverNameHeader && at(each, 'invertMatch') === true) &&
      guards.every((name) => !isOn(first, name)) &&
      at(first, 'metadata') === undefined
    )
  }),
  rule(
    'slots/answers',
    'a route that answers by itself must keep every guard but policy; all are off for a suspended tenant',
    everyRoute((route) => {
      const status = at(route, 'directResponse.status')
      return typeof status !== 'number' || status === 421 || offByStatus[status]?.includes(offText(route)) === true
    }),
  ),
]
