import { beyondGuaranteeHeader, serverNameHeader, tenantHeader } from '@bulkhead/tenancy'
import { hostSlots } from '../contract.ts'
import { at, entriesAt, isOfType, listAt, textAt } from '../json.ts'
import type { Json } from '../json.ts'
import { isAbsent, optionRules, rule } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { everyRoute, forwards, isOn, providers, vhosts } from './reading.ts'

const removed = (owner: Json): readonly Json[] => listAt(owner, 'requestHeadersToRemove')

/** A virtual host fills the slots that are meant for it. */
export const slotRules: readonly Rule[] = [
  rule('D-26/host-slots', `a virtual host may only fill ${Object.keys(hostSlots).join(', ')}`, (routes) =>
    vhosts(routes).every((host) =>
      entriesAt(host, 'typedPerFilterConfig').every(([name, config]) => isOfType(config, hostSlots[name] ?? 'none')),
    ),
  ),
  ...optionRules('D-26/all-hosts', (routes) => [routes], { typedPerFilterConfig: isAbsent }),
]

/** What a backend is told, and what it never sees. */
export const headerRules: readonly Rule[] = [
  rule('D-07/tenant-header', `${tenantHeader} must be overwritten with static text`, (routes) =>
    vhosts(routes).every((host) =>
      listAt(host, 'requestHeadersToAdd').some(
        (each) =>
          textAt(each, 'header.key') === tenantHeader &&
          textAt(each, 'appendAction') === 'OVERWRITE_IF_EXISTS_OR_ADD' &&
          !textAt(each, 'header.value').replaceAll('%%', '').includes('%'),
      ),
    ),
  ),
  rule('headers/inner', 'what only Envoy needs must be removed', (routes) =>
    vhosts(routes).every((host) =>
      [beyondGuaranteeHeader, serverNameHeader, 'x-envoy-external-address'].every((name) =>
        removed(host).includes(name),
      ),
    ),
  ),
  rule(
    'headers/credentials',
    'a route that forwards must remove the token, unless it was verified and is asked for',
    everyRoute((route, routes) => {
      const mayKeep =
        isOn(route, 'tenant-auth') && providers(routes).every((provider) => at(provider, 'forward') === true)
      return !forwards(route) || mayKeep || removed(route).includes('authorization')
    }),
  ),
]
