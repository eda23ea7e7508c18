import { at, entriesAt, isOfType, textAt } from '../json.ts'
import type { Json } from '../json.ts'
import { rule } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { everyRoute, forwards, isOn, offText, ownerOf, slot } from './reading.ts'

const reroutes = [
  'clusterHeader',
  'weightedClusters',
  'clusterSpecifierPlugin',
  'inlineClusterSpecifierPlugin',
  'hostRewriteHeader',
  'hostRewritePathRegex',
  'hostRewrite',
  'autoHostRewrite',
  'internalRedirectPolicy',
  'requestMirrorPolicies',
  'upgradeConfigs',
] as const

const accessOf = (route: Json): string => textAt(slot(route, 'ext-authz'), 'checkSettings.contextExtensions.access')

/** What forwards is guarded, tells policy what it is, and goes to one place. */
export const forwardRules: readonly Rule[] = [
  rule(
    'slots/forwards',
    'a route that forwards may switch off nothing but authentication',
    everyRoute((route) => !forwards(route) || ['', 'tenant-auth'].includes(offText(route))),
  ),
  rule(
    'slots/public',
    'a route that forwards must switch the slot off if it is public, and only then',
    everyRoute((route) => !forwards(route) || isOn(route, 'tenant-auth') === (accessOf(route) !== 'Public')),
  ),
  rule(
    'D-08/context',
    'a route that forwards must tell policy its tenant, namespace, tool set, tool and access',
    everyRoute((route, routes) => {
      const context = at(slot(route, 'ext-authz'), 'checkSettings.contextExtensions')
      const isWhole = ['namespace', 'toolset', 'tool'].every((key) => textAt(context, key) !== '')
      const isKnown = ['Public', 'Authenticated', 'Subscribed'].includes(textAt(context, 'access'))
      return !forwards(route) || (isWhole && isKnown && textAt(context, 'tenant') === ownerOf(routes))
    }),
  ),
  rule(
    'D-08/service-override',
    'no route may ask another policy service',
    everyRoute((route) =>
      ['grpcService', 'httpService'].every((key) => at(slot(route, 'ext-authz'), `checkSettings.${key}`) === undefined),
    ),
  ),
  rule(
    'S-079/reroute',
    'a route must go to one cluster, and nothing of the request may change where',
    everyRoute(
      (route) =>
        at(route, 'redirect') === undefined &&
        (!forwards(route) ||
          (textAt(route, 'route.cluster') !== '' && reroutes.every((key) => at(route, `route.${key}`) === undefined))),
    ),
  ),
  rule(
    'S-076/segments',
    'a prefix must end at a segment',
    everyRoute((route) => {
      const prefix = at(route, 'match.prefix')
      return prefix === undefined || (typeof prefix === 'string' && prefix.endsWith('/'))
    }),
  ),
  rule(
    'D-26/slots',
    'a route may only fill the slots of its guards',
    everyRoute((route) =>
      entriesAt(route, 'typedPerFilterConfig').every(
        ([name, config]) =>
          at(config, 'disabled') === true || (name === 'ext-authz' && isOfType(config, 'ExtAuthzPerRoute')),
      ),
    ),
  ),
]
