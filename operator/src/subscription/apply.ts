import { Secret, isAlreadyExists } from '@bulkhead/runtime'
import type { RealmAdmin, RoleRepresentation } from '@bulkhead/identity'
import { secretKind } from '../kubernetes/kinds.ts'
import { mendObject } from '../kubernetes/mend.ts'
import { fieldManager } from '../parts.ts'
import type { Parts } from '../parts.ts'
import { clientFields, clientScopes } from './client-fields.ts'
import { credentialsSecret } from './secret.ts'
import type { Step } from './plan.ts'
import type { Wanted } from './wanted.ts'

/** Takes the steps in order; the first fault ends it. */
export async function apply(
  parts: Parts,
  wanted: Wanted,
  admin: RealmAdmin,
  { steps, signal }: { readonly steps: readonly Step[]; readonly signal: AbortSignal },
): Promise<void> {
  const { owner, subscription } = wanted
  for (const step of steps) {
    signal.throwIfAborted()
    await applyStep(parts, wanted, admin, { step, signal })
    parts.logger.info({ tenant: owner.name, subscription: subscription.name, step: step.kind }, 'step taken')
  }
}

async function applyStep(
  parts: Parts,
  wanted: Wanted,
  admin: RealmAdmin,
  { step, signal }: { readonly step: Step; readonly signal: AbortSignal },
): Promise<void> {
  const { clientId, isEnabled } = wanted
  switch (step.kind) {
    case 'create-client': {
      // Made disabled: it is enabled once its scopes and roles are exactly what they should be.
      const fields = clientFields(wanted, false)
      await admin.createClient({ ...fields, ...initialScopes, secret: parts.newSecret().reveal() })
      return
    }
    case 'update-client':
      return admin.updateClient(step.id, clientFields(wanted, isEnabled))
    case 'set-scopes':
      return admin.setClientScopes(await existing(admin, clientId), clientScopes)
    case 'set-roles':
      return setRoles(admin, wanted)
    case 'create-secret':
    case 'mend-secret':
      return writeSecret(parts, wanted, admin, { step, signal })
  }
}

const initialScopes = { defaultClientScopes: clientScopes, optionalClientScopes: [] }

async function existing(admin: RealmAdmin, clientId: string) {
  const client = await admin.findClient(clientId)
  if (client === undefined) throw new Error(`Cannot find client "${clientId}": it is gone`)
  return client
}

async function setRoles(admin: RealmAdmin, { clientId, roles }: Wanted): Promise<void> {
  const client = await existing(admin, clientId)
  const wanted = await Promise.all(roles.map((name) => ensureRole(admin, name)))
  const account = await admin.serviceAccount(client.id)
  const ofAccount = difference(wanted, await admin.rolesOfUser(account.id))
  await admin.removeRolesFromUser(account.id, ofAccount.removed)
  await admin.addRolesToUser(account.id, ofAccount.added)
  const ofScope = difference(wanted, await admin.rolesInScope(client.id))
  await admin.removeRolesFromScope(client.id, ofScope.removed)
  await admin.addRolesToScope(client.id, ofScope.added)
}

async function ensureRole(admin: RealmAdmin, name: string): Promise<RoleRepresentation> {
  const found = await admin.findRole(name)
  if (found !== undefined) return found
  await admin.createRole(name)
  const made = await admin.findRole(name)
  if (made === undefined) throw new Error(`Cannot make role "${name}": Keycloak does not show it`)
  return made
}

function difference(wanted: readonly RoleRepresentation[], seen: readonly RoleRepresentation[]) {
  const missing = (from: readonly RoleRepresentation[]) => (role: RoleRepresentation) =>
    !from.some((other) => other.name === role.name)
  return { added: wanted.filter(missing(seen)), removed: seen.filter(missing(wanted)) }
}

async function writeSecret(
  { kubernetes, logger }: Parts,
  wanted: Wanted,
  admin: RealmAdmin,
  { step, signal }: { readonly step: Step; readonly signal: AbortSignal },
): Promise<void> {
  const client = await existing(admin, wanted.clientId)
  const body = credentialsSecret(wanted, new Secret(client.secret))
  if (step.kind === 'mend-secret') return mendObject(kubernetes, { kind: secretKind, body }, step.mend, signal)
  try {
    await kubernetes.create(secretKind, body, { fieldManager, signal })
  } catch (error) {
    // Somebody was faster: the next look says who, and what is in it.
    if (!isAlreadyExists(error)) throw error
    logger.debug({ tenant: wanted.owner.name, secret: wanted.secretName }, 'secret was written by somebody else')
  }
}
