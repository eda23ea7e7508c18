import { decode, encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { expect, test } from 'vitest'
import { startRig } from './testing/rig.ts'
import { acmeToken, tenants } from './testing/world.ts'

const routesType = 'envoy.config.route.v3.RouteConfiguration'

/** Takes the tenants' own filters out of the slot, so that its default alone stands before their routes. */
function withoutOwnFilters(resource: EncodedResource): EncodedResource {
  if (resource.typeUrl !== TYPE_URLS.routeConfiguration) return resource
  const { virtualHosts = [], ...routes } = decode(routesType, resource.bytes)
  const emptied = virtualHosts.map((host) => ({ ...host, typedPerFilterConfig: {} }))
  return makeResource(resource.typeUrl, resource.name, encode(routesType, { ...routes, virtualHosts: emptied }))
}

type Swap = readonly [from: string, to: string]

// Of equal length, for the script stands inside encoded messages that say how long it is.
const failing: Swap = ['string.lower(host)', "error('for tests')"]
const unguarded: Swap = ['pcall(place, handle)', 'true,  place(handle)']

function withScript(swaps: readonly Swap[], resource: EncodedResource): EncodedResource {
  if (resource.typeUrl !== TYPE_URLS.listener) return resource
  let text = Buffer.from(resource.bytes).toString('latin1')
  for (const [from, to] of swaps) {
    expect([text.includes(from), to.length]).toEqual([true, from.length])
    text = text.replace(from, to)
  }
  return makeResource(resource.typeUrl, resource.name, Buffer.from(text, 'latin1'))
}

test.each<[string, readonly Swap[], number, number]>([
  ['refuses what no tenant vouches for', [], 404, 0],
  ['refuses also when its script fails', [failing], 404, 0],
  // The control: without its guard the same failure lets the request through, so the case above can fail.
  ['would let it through without its guard', [failing, unguarded], 200, 1],
])('the default of the slot %s', async (_what, swaps, status, reached) => {
  const rig = await startRig(tenants, { edit: (resource) => withScript(swaps, withoutOwnFilters(resource)) })
  try {
    const answer = await rig.call({ host: 'acme.gw.test', path: '/orders', headers: { authorization: acmeToken() } })
    expect([answer.status, rig.seen.length]).toEqual([status, reached])
  } finally {
    await rig.stop()
  }
})
