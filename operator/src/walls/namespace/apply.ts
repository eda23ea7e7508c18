import { isAlreadyExists, isConflict, isNotFound } from '@bulkhead/runtime'
import type { Secret } from '@bulkhead/runtime'
import { secretBody } from '../../kubernetes/secrets.ts'
import { mendObject } from '../../kubernetes/mend.ts'
import { refOf } from '../../kubernetes/wanted-object.ts'
import type { WantedObject } from '../../kubernetes/wanted-object.ts'
import { fieldManager } from '../../parts.ts'
import type { Parts } from '../../parts.ts'
import { unless } from '../system-secrets.ts'
import { patiently } from './observe.ts'
import type { NamespaceStep } from './plan.ts'

/** What the first admin comes in with. */
export interface Invitation {
  readonly username: string
  readonly loginUrl: string
  /** Undefined when none is stored: then there is nobody to invite. */
  readonly password: (signal: AbortSignal) => Promise<Secret<string> | undefined>
}

type Server = Pick<Parts, 'kubernetes' | 'clock'>

export interface NamespaceParts {
  readonly parts: Server
  readonly invitation: Invitation
}

export async function applyNamespaceStep(
  { parts, invitation }: NamespaceParts,
  step: NamespaceStep,
  signal: AbortSignal,
): Promise<void> {
  const { kubernetes } = parts
  switch (step.kind) {
    case 'create':
      // Taken in the meantime: the next look says by whom.
      return unless(isAlreadyExists, create(parts, step.object, signal))
    case 'mend':
      return mendObject(kubernetes, step.object, step, signal)
    case 'delete':
      return unless(
        (error) => isConflict(error) || isNotFound(error),
        kubernetes.delete(refOf(step.object), { preconditions: { uid: step.uid }, signal }),
      )
    case 'store-invitation':
      return storeInvitation(parts, step.object, invitation, signal)
  }
}

async function create(parts: Server, { kind, body }: WantedObject, signal: AbortSignal): Promise<void> {
  await patiently(parts, () => parts.kubernetes.create(kind, body, { fieldManager, signal }), signal)
}

async function storeInvitation(
  parts: Server,
  { kind, body: { metadata } }: WantedObject,
  { username, loginUrl, password: read }: Invitation,
  signal: AbortSignal,
): Promise<void> {
  const password = await read(signal)
  if (password === undefined) return
  const body = secretBody(metadata, { username, password, 'login-url': loginUrl })
  await unless(isAlreadyExists, parts.kubernetes.create(kind, body, { fieldManager, signal }))
}
