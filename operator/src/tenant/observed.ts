import type { Judgement } from '@bulkhead/database'
import type { SeenDatabaseWall } from '../walls/database/observe.ts'
import type { SeenIdentity } from '../walls/identity/observed.ts'
import type { SeenNamespace } from '../walls/namespace/observed.ts'
import type { Seen } from '../walls/seen.ts'

/** All four walls, as they are. */
export interface Observed {
  readonly grants: Seen<Judgement>
  readonly namespace: Seen<SeenNamespace>
  readonly identity: Seen<SeenIdentity>
  readonly database: Seen<SeenDatabaseWall>
}

export type WallName = keyof Observed

export const wallNames: readonly WallName[] = ['grants', 'namespace', 'identity', 'database']
