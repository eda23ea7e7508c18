import { z } from 'zod'
import { keyOf } from '../kubernetes/kind.ts'
import { isOlder } from './resource-version.ts'
import type { WritableStore } from './store.ts'
import type { Change, Parsed } from './types.ts'

export interface ReplicaOptions<T> {
  readonly store: WritableStore<T>
  readonly parse: (raw: unknown) => Parsed<T>
  readonly emit: (change: Change<T>) => void
  readonly quarantine: (key: string, problem: string) => void
  readonly release: (key: string) => void
}

/** Our copy of the server's objects. It says what changed by comparing with what it knew, and believes no event's type. */
export interface Replica<T> {
  readonly store: WritableStore<T>
  readonly quarantined: ReadonlyMap<string, string>
  /** Takes one object as it is now. */
  take(raw: unknown): void
  /** Takes the last state of a deleted object. */
  remove(raw: unknown): void
  /** Forgets everything that a complete list does not hold. */
  retain(items: readonly unknown[]): void
}

interface Identity {
  readonly key: string
  readonly uid: string
  readonly resourceVersion: string | undefined
}

const identified = z.object({
  metadata: z.object({
    name: z.string().min(1),
    namespace: z.string().nullish(),
    uid: z.string().nullish(),
    resourceVersion: z.string().nullish(),
  }),
})

const unnamedKey = '(unnamed)'

/** Makes an empty copy. */
export function createReplica<T>({ store, parse, emit, quarantine, release }: ReplicaOptions<T>): Replica<T> {
  const known = new Map<string, Identity>()
  const quarantined = new Map<string, string>()

  const lift = (key: string): void => {
    if (quarantined.delete(key)) release(key)
  }
  const drop = (key: string): void => {
    const old = store.get(key)
    known.delete(key)
    lift(key)
    if (old === undefined) return
    store.delete(key)
    emit({ type: 'deleted', key, object: old })
  }
  const accept = (key: string, object: T): void => {
    const old = store.get(key)
    store.set(key, object)
    lift(key)
    emit(changeOf(key, object, old))
  }
  const refuse = (key: string, problem: string): void => {
    quarantined.set(key, problem)
    quarantine(key, problem)
  }

  return {
    store,
    quarantined,
    take: (raw) => {
      const identity = identityOf(raw)
      if (identity === undefined) {
        refuse(unnamedKey, 'the object has no metadata.name')
        return
      }
      const { key } = identity
      const before = known.get(key)
      // The same name with another uid is another object: its predecessor's deletion was missed.
      if (before !== undefined && before.uid !== identity.uid) drop(key)
      else if (before !== undefined && isSeen(identity, before)) return
      known.set(key, identity)
      const problem = problemOf(() => {
        const parsed = parse(raw)
        if (!parsed.ok) return parsed.problem
        accept(key, parsed.value)
        return undefined
      })
      if (problem !== undefined) refuse(key, problem)
    },
    remove: (raw) => {
      const identity = identityOf(raw)
      // The end of a predecessor says nothing about the object that has the name now.
      if (identity !== undefined && known.get(identity.key)?.uid === identity.uid) drop(identity.key)
    },
    retain: (items) => {
      lift(unnamedKey)
      const present = keysOf(items)
      if (present === undefined) return
      for (const key of [...known.keys()]) if (!present.has(key)) drop(key)
    },
  }
}

function changeOf<T>(key: string, object: T, old: T | undefined): Change<T> {
  return old === undefined ? { type: 'added', key, object } : { type: 'modified', key, object, old }
}

// A nameless item may be any of ours: deleting on such evidence would be a guess.
function keysOf(items: readonly unknown[]): ReadonlySet<string> | undefined {
  const keys = new Set<string>()
  for (const item of items) {
    const identity = identityOf(item)
    if (identity === undefined) return undefined
    keys.add(identity.key)
  }
  return keys
}

// Repeats after a resume, and late echoes of an older state.
function isSeen(identity: Identity, before: Identity): boolean {
  if (identity.resourceVersion === undefined) return false
  return (
    identity.resourceVersion === before.resourceVersion || isOlder(identity.resourceVersion, before.resourceVersion)
  )
}

function identityOf(raw: unknown): Identity | undefined {
  const parsed = identified.safeParse(raw)
  if (!parsed.success) return undefined
  const { name, namespace, uid, resourceVersion } = parsed.data.metadata
  const key = keyOf({ name, namespace: namespace ?? undefined })
  return { key, uid: uid ?? '', resourceVersion: resourceVersion ?? undefined }
}

// A schema or an index function that throws is as bad as one that says no, and as little a reason to stop for others.
function problemOf(attempt: () => string | undefined): string | undefined {
  try {
    return attempt()
  } catch (error) {
    return `it cannot be parsed: ${error instanceof Error ? error.message : String(error)}`
  }
}
