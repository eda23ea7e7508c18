import type { Tenant } from '@bulkhead/crds'

/** What is left of a tenant that is being deleted. */
export interface Remains {
  readonly namespace: { readonly kind: 'gone' } | { readonly kind: 'own' | 'terminating'; readonly uid: string }
  readonly realm: 'gone' | 'enabled' | 'disabled'
  readonly database: { readonly role: 'gone' | 'open' | 'shut'; readonly schema: 'gone' | 'own' }
  readonly isRegistered: boolean
  /** Names of the Secrets in the system namespace. */
  readonly secrets: readonly string[]
}

export type DeletionStep =
  | { readonly kind: 'delete-namespace'; readonly uid: string }
  | { readonly kind: 'delete-realm' | 'disable-realm' | 'drop-database' | 'retain-database' | 'release-grants' }
  | { readonly kind: 'delete-secret'; readonly name: string }

/** What has to be done next, and whether everything was seen to be gone (or retained). */
export interface DeletionPlan {
  readonly steps: readonly DeletionStep[]
  readonly isDone: boolean
}

type Policy = Tenant['spec']['deletionPolicy']

export function planDeletion(policy: Policy, remains: Remains): DeletionPlan {
  const { namespace, isRegistered } = remains
  const isNamespaceGone = namespace.kind === 'gone'
  const steps: DeletionStep[] = []
  if (namespace.kind === 'own') steps.push({ kind: 'delete-namespace', uid: namespace.uid })
  steps.push(...(policy === 'Delete' ? purge(remains) : retain(remains, isNamespaceGone)))
  if (isRegistered) steps.push({ kind: 'release-grants' })
  return { steps, isDone: isNamespaceGone && steps.length === 0 }
}

function purge({ realm, database, secrets }: Remains): readonly DeletionStep[] {
  const isDatabaseGone = database.role === 'gone' && database.schema === 'gone'
  const steps: DeletionStep[] = []
  if (realm !== 'gone') steps.push({ kind: 'delete-realm' })
  if (!isDatabaseGone) steps.push({ kind: 'drop-database' })
  // The keys go after the locks: without them a crash in between would leave what nobody can open.
  if (realm === 'gone' && isDatabaseGone) {
    steps.push(...secrets.map((name) => ({ kind: 'delete-secret', name }) as const))
  }
  return steps
}

function retain({ realm, database }: Remains, isNamespaceGone: boolean): readonly DeletionStep[] {
  const steps: DeletionStep[] = []
  if (database.role === 'open' || database.schema === 'own') steps.push({ kind: 'retain-database' })
  // The namespace's subscriptions take their clients out of the realm first, and a disabled one lets nobody in.
  if (realm === 'enabled' && isNamespaceGone) steps.push({ kind: 'disable-realm' })
  return steps
}
