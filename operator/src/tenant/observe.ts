import type { Parts } from '../parts.ts'
import { observeDatabase } from '../walls/database/observe.ts'
import { observeGrants } from '../walls/grants/observe.ts'
import { observeExternal } from '../walls/identity/external/observe.ts'
import { observeIdentity } from '../walls/identity/observe.ts'
import { observeNamespace } from '../walls/namespace/observe.ts'
import { attempt } from '../walls/seen.ts'
import type { Observed, WallName } from './observed.ts'
import type { Wanted } from './wanted.ts'

/** Looks at all four walls at once; one that cannot be seen hides none of the others. */
export async function observe(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<Observed> {
  const look = looksAt(parts, wanted, signal)
  const [grants, namespace, identity, database] = await Promise.all([
    look.grants(),
    look.namespace(),
    look.identity(),
    look.database(),
  ])
  // A wall that could not be seen because we are stopping is no news.
  signal.throwIfAborted()
  return { grants, namespace, identity, database }
}

/** Looks at one wall again; the others stay as they were seen. */
export async function observeWall(
  parts: Parts,
  wanted: Wanted,
  wall: WallName,
  signal: AbortSignal,
): Promise<Partial<Observed>> {
  const seen = await looksAt(parts, wanted, signal)[wall]()
  signal.throwIfAborted()
  return { [wall]: seen }
}

type Looks = { readonly [W in WallName]: () => Promise<Observed[W]> }

function looksAt(parts: Parts, wanted: Wanted, signal: AbortSignal): Looks {
  const { owner, external } = wanted
  return {
    grants: () => attempt(() => observeGrants(parts, wanted.grants.claim, signal)),
    namespace: () => attempt(() => observeNamespace(parts, owner, wanted.namespace, signal)),
    identity: async () =>
      external === undefined
        ? attempt(() => observeIdentity(parts, owner, wanted.identity, signal))
        : { kind: 'seen', value: observeExternal(parts, owner, external) },
    database: () => attempt(() => observeDatabase(parts, owner, wanted.database, signal)),
  }
}
