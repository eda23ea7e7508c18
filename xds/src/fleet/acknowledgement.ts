// How far each stream has come with what a group has published; the report room turns it into conditions.
import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import type { Progress } from '../subscription/index.ts'
import { routeConfigurationOf } from '../store/index.ts'
import type { Resources } from '../store/index.ts'

/** A stream that refused a part of what a group has published. */
export interface Refusal {
  readonly streamId: string
  readonly nodeId: string
  readonly message: string
  readonly resourceNames: readonly string[]
}

/** Where a group's publication stands among the connected streams. */
export interface Programmed {
  readonly connected: number
  readonly acked: number
  readonly nacked: readonly Refusal[]
}

export type StreamState =
  | { readonly kind: 'acked' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'nacked'; readonly message: string; readonly resourceNames: readonly string[] }

/** What a stream must have accepted for a group to count: a RouteConfiguration only where a scope leads to it. */
function expected(published: Resources, progress: Progress): readonly EncodedResource[] {
  const all = [...published.values()]
  const routed = new Set(all.filter((each) => each.typeUrl === TYPE_URLS.scopedRoute).map(routeConfigurationOf))
  return all.filter(({ typeUrl, name }) => {
    if (typeUrl === TYPE_URLS.routeConfiguration) return routed.has(name)
    // Certificates are asked for on demand, endpoints when their cluster has come.
    if (typeUrl === TYPE_URLS.secret) return false
    return typeUrl !== TYPE_URLS.endpoints || progress.wants(typeUrl, name)
  })
}

/** Judges one stream by what a group has published. */
export function stateOf(published: Resources, group: string, progress: Progress): StreamState {
  const wanted = expected(published, progress)
  const bad = wanted.flatMap(({ typeUrl, name, version }) => {
    const rejection = progress.rejection(typeUrl, name)
    return rejection?.version === version ? [{ name, message: rejection.message }] : []
  })
  if (bad.length > 0)
    return { kind: 'nacked', message: bad[0]?.message ?? '', resourceNames: bad.map((each) => each.name) }
  const isComplete = wanted.every(({ typeUrl, name, version }) => progress.ackedVersion(typeUrl, name) === version)
  return { kind: isComplete && !hasLeftovers(published, group, progress) ? 'acked' : 'pending' }
}

/** Whether a host that a group no longer publishes may still be served there. */
function hasLeftovers(published: Resources, group: string, progress: Progress): boolean {
  const { scopedRoute } = TYPE_URLS
  // Nothing is expected of a group that is gone: the stream must have said which hosts it has, and lost those that
  // nobody publishes, for they may have been this group's.
  const isGone = published.size === 0
  if (isGone && !(progress.hasBeenIdle(scopedRoute) && [...progress.tracked(scopedRoute, '')].length === 0)) return true
  return [...progress.tracked(scopedRoute, group)].some((name) => !published.has(`${scopedRoute}\n${name}`))
}
