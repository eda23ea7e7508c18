import type { Tenant } from '@bulkhead/crds'

/** What is left of a tenant that is being deleted. What is unseen could not be looked at now. */
export interface Remains {
  readonly namespace:
    { readonly kind: 'gone' | 'unseen' } | { readonly kind: 'own' | 'terminating'; readonly uid: string }
  readonly realm: 'gone' | 'enabled' | 'disabled' | 'unseen'
  readonly database: {
    readonly role: 'gone' | 'open' | 'shut' | 'unseen'
    readonly schema: 'gone' | 'own' | 'retained' | 'unseen'
  }
  /** What is only listed holds nothing any more; the list says where its realm and its schema are. */
  readonly grants: 'gone' | 'listed' | 'held' | 'unseen'
  /** The list of what deleted tenants left behind. */
  readonly record: 'absent' | 'written' | 'unseen'
  /** What it reserved there of an incarnation before it, taken up or not. */
  readonly adopted: 'none' | 'held' | 'unseen'
  /** Names of the Secrets in the system namespace. */
  readonly secrets: readonly string[]
}

export type DeletionStep =
  | { readonly kind: 'delete-namespace'; readonly uid: string }
  | {
      readonly kind:
        | 'delete-realm'
        | 'disable-realm'
        | 'drop-database'
        | 'retain-database'
        | 'let-go-adopted'
        | 'release-grants'
        | 'forget-tenant'
        | 'record-retained'
        | 'forget-retained'
    }
  | { readonly kind: 'delete-secret'; readonly name: string }

export interface DeletionPlan {
  /** What has to be done next; what is unseen gets no step. */
  readonly steps: readonly DeletionStep[]
  /** Whether everything was seen to be gone (or retained). */
  readonly isDone: boolean
}

type Policy = Tenant['spec']['deletionPolicy']

export function planDeletion(policy: Policy, remains: Remains): DeletionPlan {
  const { namespace, realm, database, grants, adopted } = remains
  const isNamespaceGone = namespace.kind === 'gone'
  const steps: DeletionStep[] = []
  if (namespace.kind === 'own') steps.push({ kind: 'delete-namespace', uid: namespace.uid })
  steps.push(...(policy === 'Delete' ? purge(remains) : retain(remains, isNamespaceGone)))
  steps.push(...release(remains))
  const isAllSeen = ![realm, database.role, database.schema, grants, remains.record, adopted].includes('unseen')
  // Last of all: as long as something stands, it has to be known where.
  if (isNamespaceGone && isAllSeen && steps.length === 0 && grants === 'listed') steps.push({ kind: 'forget-tenant' })
  return { steps, isDone: isNamespaceGone && isAllSeen && steps.length === 0 }
}

function release({ grants, adopted }: Remains): readonly DeletionStep[] {
  const steps: DeletionStep[] = []
  if (adopted === 'held') steps.push({ kind: 'let-go-adopted' })
  if (grants === 'held') steps.push({ kind: 'release-grants' })
  return steps
}

function purge({ realm, database, record, secrets }: Remains): readonly DeletionStep[] {
  const isDatabaseGone = database.role === 'gone' && database.schema === 'gone'
  const steps: DeletionStep[] = []
  if (realm === 'enabled' || realm === 'disabled') steps.push({ kind: 'delete-realm' })
  if (!isDatabaseGone && database.role !== 'unseen') steps.push({ kind: 'drop-database' })
  // The keys go after the locks: without them a crash in between would leave what nobody can open.
  if (realm === 'gone' && isDatabaseGone) {
    steps.push(...secrets.map((name) => ({ kind: 'delete-secret', name }) as const))
    if (record === 'written') steps.push({ kind: 'forget-retained' })
  }
  return steps
}

function retain({ realm, database, record, secrets }: Remains, isNamespaceGone: boolean): readonly DeletionStep[] {
  // Written down first: what is kept has to be found again, whatever happens next.
  if (record === 'absent' && hasLeft(realm, database)) return [{ kind: 'record-retained' }]
  // Keys of what was never made.
  if (record === 'absent' && isGone(realm, database)) return secrets.map((name) => ({ kind: 'delete-secret', name }))
  if (record !== 'written') return []
  const steps: DeletionStep[] = []
  if (database.role === 'open' || database.schema === 'own') steps.push({ kind: 'retain-database' })
  // The namespace's subscriptions take their clients out of the realm first, and a disabled one lets nobody in.
  if (realm === 'enabled' && isNamespaceGone) steps.push({ kind: 'disable-realm' })
  return steps
}

function isGone(realm: Remains['realm'], { role, schema }: Remains['database']): boolean {
  return [realm, role, schema].every((state) => state === 'gone')
}

function hasLeft(realm: Remains['realm'], { role, schema }: Remains['database']): boolean {
  return [realm, role, schema].some((state) => state !== 'gone' && state !== 'unseen')
}

/** What still stands, in words for the person who waits. */
export function describeRemains(policy: Policy, remains: Remains): string {
  const { namespace, realm, database, grants, adopted, secrets } = remains
  const isPurged = policy === 'Delete'
  const parts: readonly (readonly [boolean, string])[] = [
    [['own', 'terminating'].includes(namespace.kind), 'the namespace, until all in it has gone'],
    [realm === 'enabled' || (realm === 'disabled' && isPurged), 'the realm'],
    [database.role === 'open' || database.schema === 'own', 'the schema'],
    [grants === 'held', 'the grants'],
    [isPurged && secrets.length > 0, 'the secrets'],
    [[namespace.kind, realm, database.role, grants, adopted].includes('unseen'), 'what cannot be seen now'],
  ]
  return parts.flatMap(([isLeft, words]) => (isLeft ? [words] : [])).join('; ')
}
