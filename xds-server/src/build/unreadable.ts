import type { Problem } from '@bulkhead/crds'
import type { ObjectRef, Route } from '../model/model.ts'
import type { InvalidObject } from './input.ts'
import type { PublishedRoutes, Publisher } from './routes.ts'

/** Why an object that could not be read is refused. */
export function unreadable({ problem }: InvalidObject): Problem {
  return { reason: 'InvalidSpec', field: 'spec', message: problem }
}

export function invalidOf(invalid: readonly InvalidObject[], kind: ObjectRef['kind']): readonly InvalidObject[] {
  return invalid.filter((object) => object.kind === kind)
}

/** The tool sets of which it could still be read what they publish: they keep their paths, and refuse there. */
export function refusingToolSets(invalid: readonly InvalidObject[]): readonly Publisher[] {
  return invalidOf(invalid, 'ToolSet').flatMap((object) =>
    object.published === undefined
      ? []
      : [
          {
            metadata: object.metadata,
            spec: { ...object.published, access: 'Subscribed' },
            problem: unreadable(object),
          },
        ],
  )
}

/**
 * The routes as they may be served beside what could not be read. Where nobody can say which paths a tool set or a
 * published tool held, all others refuse, for their requests would fall through to whatever is broader.
 */
export function besideUnreadable(published: PublishedRoutes, invalid: readonly InvalidObject[]): readonly Route[] {
  const lost = invalid.find(
    ({ kind, metadata, published: where, http }) =>
      (kind === 'ToolSet' && where === undefined) ||
      (kind === 'Tool' && http === undefined && published.referencedTools.has(metadata.uid)),
  )
  if (lost === undefined) return published.routes
  return published.routes.map((route) => ({ ...route, action: { kind: 'refuse', problem: unreadable(lost) } }))
}
