import { isAlreadyExists } from '@bulkhead/runtime'
import type { KubeBody, KubeObject, Secret } from '@bulkhead/runtime'
import { ownerLabels } from '@bulkhead/tenancy'
import { secretKind } from '../kubernetes/kinds.ts'
import { secretBody, secretValue } from '../kubernetes/secrets.ts'
import { seeObject } from '../kubernetes/wanted-object.ts'
import { fieldManager } from '../parts.ts'
import type { Parts } from '../parts.ts'
import type { Owner } from './owner.ts'

/** A Secret of the system namespace, as it is now. */
export async function findSystemSecret(
  { kubernetes, settings }: Pick<Parts, 'kubernetes' | 'settings'>,
  name: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  return kubernetes.find({ kind: secretKind, namespace: settings.systemNamespace, name }, { signal })
}

export interface Stored {
  readonly name: string
  /** What is made at random. */
  readonly keys: readonly string[]
  /** What stands beside it in the open. */
  readonly facts: Readonly<Record<string, string>>
  /** It was not there when somebody looked: it is made without another look. */
  readonly isAwaited?: boolean
}

/**
 * The values of a Secret of ours in the system namespace, made now when it is not there: a secret is stored before
 * what it opens exists, so that a crash in between locks nobody out.
 */
export async function storedSecrets(
  parts: Parts,
  owner: Owner,
  { name, keys, facts, isAwaited = false }: Stored,
  signal: AbortSignal,
): Promise<(key: string) => Secret<string>> {
  const metadata = { name, namespace: parts.settings.systemNamespace, labels: ownerLabels(owner) }
  const secrets = () => Object.fromEntries(keys.map((key) => [key, parts.newSecret()]))
  const stored =
    (isAwaited ? undefined : await findSystemSecret(parts, name, signal)) ??
    (await createSecret(parts, secretBody(metadata, { ...facts, ...secrets() }), signal)) ??
    // It is there, or another leader was faster: its values count.
    (await findSystemSecret(parts, name, signal))
  if (seeObject(stored, owner.uid).kind !== 'own')
    throw new Error(`Cannot use Secret "${name}": it is not this tenant's`)
  return (key) => {
    const value = secretValue(stored, key)
    if (value === undefined) throw new Error(`Cannot use Secret "${name}": it has no "${key}"`)
    return value
  }
}

// Undefined where there is one already.
async function createSecret(
  { kubernetes }: Pick<Parts, 'kubernetes'>,
  body: KubeBody,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await kubernetes.create(secretKind, body, { fieldManager, signal })
  } catch (error) {
    if (isAlreadyExists(error)) return undefined
    throw error
  }
}

/** Waits for the work; a fault that is fine is no fault. */
export async function unless(isFine: (error: unknown) => boolean, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!isFine(error)) throw error
  }
}
