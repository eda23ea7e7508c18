import type { Parts } from '../parts.ts'
import { observeDatabase } from '../walls/database/observe.ts'
import { observeGrants } from '../walls/grants/observe.ts'
import { observeExternal } from '../walls/identity/external/observe.ts'
import { observeIdentity } from '../walls/identity/observe.ts'
import { observeNamespace } from '../walls/namespace/observe.ts'
import { attempt } from '../walls/seen.ts'
import type { Observed } from './observed.ts'
import type { Wanted } from './wanted.ts'

/** Looks at all four walls at once; one that cannot be seen hides none of the others. */
export async function observe(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<Observed> {
  const { owner, external } = wanted
  const [grants, namespace, identity, database] = await Promise.all([
    attempt(() => observeGrants(parts, wanted.grants.claim, signal)),
    attempt(() => observeNamespace(parts, owner, wanted.namespace, signal)),
    external === undefined
      ? attempt(() => observeIdentity(parts, owner, wanted.identity, signal))
      : ({ kind: 'seen', value: observeExternal(parts, owner, external) } as const),
    attempt(() => observeDatabase(parts, owner, wanted.database, signal)),
  ])
  // A wall that could not be seen because we are stopping is no news.
  signal.throwIfAborted()
  return { grants, namespace, identity, database }
}
