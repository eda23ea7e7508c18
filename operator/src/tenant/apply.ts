import type { Problem } from '@bulkhead/crds'
import { KubeFault, isAlreadyExists, isConflict, isInvalid, isNotFound } from '@bulkhead/runtime'
import type { Secret } from '@bulkhead/runtime'
import { namespaceOf, ownerLabels } from '@bulkhead/tenancy'
import type { RealmAdmin } from '@bulkhead/identity'
import { secretKind } from '../kubernetes/kinds.ts'
import { secretBody, secretValue } from '../kubernetes/secrets.ts'
import { seeObject } from '../kubernetes/wanted-object.ts'
import type { WantedObject } from '../kubernetes/wanted-object.ts'
import { findSystemSecret, invitationName, patiently, realmSecretKeys, refOf, termsOf } from './observe.ts'
import { wallNames } from './observed.ts'
import type { WallName } from './observed.ts'
import { fieldManager } from './parts.ts'
import type { Parts } from './parts.ts'
import { audienceMapper, newAudienceScope, newRealm, tenantAdmin } from './realm.ts'
import type { Step } from './step.ts'
import type { Wanted } from './wanted.ts'

/** What went wrong, by wall. */
export type Faults = ReadonlyMap<WallName, unknown>
/** The objects that the API server calls invalid, with its words: the user's mistakes. */
export type Refusals = ReadonlyMap<WantedObject, Problem>
export interface Applied {
  readonly faults: Faults
  readonly refusals: Refusals
}

/**
 * Takes the steps: in order within a wall, the walls beside each other. A wall's first fault ends that wall only, and an
 * object that is refused for the user's mistake ends nothing.
 */
export async function apply(
  parts: Parts,
  wanted: Wanted,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<Applied> {
  const faults = new Map<WallName, unknown>()
  const refusals = new Map<WantedObject, Problem>()
  const take = async (step: Step): Promise<void> => {
    try {
      await applyStep(parts, wanted, step, signal)
      parts.logger.info({ tenant: wanted.owner.name, wall: step.wall, step: step.kind }, 'step taken')
    } catch (error) {
      const refusal = refusalOf(step, error)
      if (refusal === undefined) throw error
      refusals.set(...refusal)
    }
  }
  const applyWall = async (wall: WallName): Promise<void> => {
    try {
      for (const step of steps.filter((candidate) => candidate.wall === wall)) {
        signal.throwIfAborted()
        await take(step)
      }
    } catch (error) {
      faults.set(wall, error)
    }
  }
  await Promise.all(wallNames.map(applyWall))
  signal.throwIfAborted()
  return { faults, refusals }
}

// What the API server calls invalid came out of the spec: its words are the user's to read.
function refusalOf(step: Step, error: unknown): readonly [WantedObject, Problem] | undefined {
  if (!('object' in step) || step.object.madeFrom === undefined) return undefined
  if (!(error instanceof KubeFault) || !isInvalid(error)) return undefined
  return [step.object, { reason: 'InvalidSpec', field: step.object.madeFrom, message: error.detail.slice(0, 500) }]
}

async function applyStep(parts: Parts, wanted: Wanted, step: Step, signal: AbortSignal): Promise<void> {
  switch (step.wall) {
    case 'grants':
      await parts.registry.claim(wanted.claim, termsOf(parts), signal)
      return
    case 'namespace':
      return applyNamespaceStep(parts, wanted, step, signal)
    case 'identity':
      return applyIdentityStep(parts, wanted, step, signal)
    case 'database':
      return applyDatabaseStep(parts, wanted, step, signal)
  }
}

type StepOf<W extends WallName> = Extract<Step, { readonly wall: W }>

async function applyNamespaceStep(parts: Parts, wanted: Wanted, step: StepOf<'namespace'>, signal: AbortSignal) {
  const { kubernetes } = parts
  switch (step.kind) {
    case 'create':
      // Taken in the meantime: the next look says by whom.
      return unless(isAlreadyExists, create(parts, step.object, signal))
    case 'replace': {
      const { kind, body } = step.object
      const metadata = { ...body.metadata, resourceVersion: step.resourceVersion }
      return unless(isConflict, kubernetes.replace(kind, { ...body, metadata }, { fieldManager, signal }))
    }
    case 'delete':
      return unless(
        (error) => isConflict(error) || isNotFound(error),
        kubernetes.delete(refOf(step.object), { preconditions: { uid: step.uid }, signal }),
      )
    case 'store-invitation':
      return storeInvitation(parts, wanted, signal)
  }
}

async function create(parts: Parts, { kind, body }: WantedObject, signal: AbortSignal): Promise<void> {
  await patiently(parts, () => parts.kubernetes.create(kind, body, { fieldManager, signal }), signal)
}

async function unless(isFine: (error: unknown) => boolean, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!isFine(error)) throw error
  }
}

async function storeInvitation(parts: Parts, { owner, identity }: Wanted, signal: AbortSignal): Promise<void> {
  const found = await findSystemSecret(parts, identity.secretName, signal)
  const password = secretValue(found, realmSecretKeys.adminPassword)
  if (password === undefined) return
  const metadata = { name: invitationName, namespace: namespaceOf(owner.name), labels: ownerLabels(owner) }
  const body = secretBody(metadata, { username: tenantAdmin, password, 'login-url': identity.loginUrl })
  await unless(isAlreadyExists, parts.kubernetes.create(secretKind, body, { fieldManager, signal }))
}

async function applyIdentityStep(parts: Parts, wanted: Wanted, step: StepOf<'identity'>, signal: AbortSignal) {
  const { keycloak } = parts
  const { identity } = wanted
  switch (step.kind) {
    case 'create-realm': {
      const { client, adminPassword } = await realmSecrets(parts, wanted, signal)
      await keycloak.createRealm(identity.realm, newRealm(identity.settings, client, adminPassword), signal)
      return
    }
    case 'set-enabled':
      return keycloak.setEnabled(identity.realm, step.enabled, signal)
    case 'restore-account': {
      parts.logger.warn({ tenant: wanted.owner.name, realm: identity.realm }, 'restoring our account by bootstrap')
      return keycloak.restoreAccount(identity.realm, (await realmSecrets(parts, wanted, signal)).client, signal)
    }
    case 'update-realm':
      return (await enter(parts, wanted, signal)).updateRealm(step.fields)
    case 'create-audience': {
      const admin = await enter(parts, wanted, signal)
      return admin.addDefaultScope(await admin.createClientScope(newAudienceScope(identity.audience)))
    }
    case 'repair-audience':
      return (await enter(parts, wanted, signal)).replaceMappers(step.scopeId, [audienceMapper(identity.audience)])
    case 'default-audience':
      return (await enter(parts, wanted, signal)).addDefaultScope(step.scopeId)
  }
}

async function enter(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<RealmAdmin> {
  const { client } = await realmSecrets(parts, wanted, signal)
  const entry = await parts.keycloak.enter(wanted.identity.realm, client, signal)
  if (entry.kind === 'closed')
    throw new Error(`Cannot enter realm "${wanted.identity.realm}": Keycloak lets us in no more`)
  return entry.admin
}

interface RealmSecrets {
  readonly client: Secret<string>
  readonly adminPassword: Secret<string>
}

async function realmSecrets(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<RealmSecrets> {
  const { client, adminPassword } = realmSecretKeys
  const stored = { name: wanted.identity.secretName, keys: [client, adminPassword], facts: {} }
  const values = await storedSecrets(parts, wanted, stored, signal)
  return { client: values(client), adminPassword: values(adminPassword) }
}

async function applyDatabaseStep(parts: Parts, wanted: Wanted, step: StepOf<'database'>, signal: AbortSignal) {
  const { tenant, settings, secretName } = wanted.database
  if (step.kind === 'set-login') return parts.databases.setLogin(tenant, step.canLogin, signal)
  const { host, port, database } = parts.settings.databaseAddress
  const facts = { host, port: String(port), database, user: tenant.role }
  const values = await storedSecrets(parts, wanted, { name: secretName, keys: ['password'], facts }, signal)
  return parts.databases.prepare(tenant, { ...settings, password: values('password') }, signal)
}

interface Stored {
  readonly name: string
  /** What is made at random. */
  readonly keys: readonly string[]
  /** What stands beside it in the open. */
  readonly facts: Readonly<Record<string, string>>
}

/**
 * The values of a Secret of ours in the system namespace, made now when it is not there: a secret is stored before
 * what it opens exists, so that a crash in between locks nobody out.
 */
async function storedSecrets(
  parts: Parts,
  { owner }: Wanted,
  { name, keys, facts }: Stored,
  signal: AbortSignal,
): Promise<(key: string) => Secret<string>> {
  if ((await findSystemSecret(parts, name, signal)) === undefined) {
    const metadata = { name, namespace: parts.settings.systemNamespace, labels: ownerLabels(owner) }
    const secrets = Object.fromEntries(keys.map((key) => [key, parts.newSecret()]))
    const body = secretBody(metadata, { ...facts, ...secrets })
    // Another leader was faster: its values count, and are read below.
    await unless(isAlreadyExists, parts.kubernetes.create(secretKind, body, { fieldManager, signal }))
  }
  const stored = await findSystemSecret(parts, name, signal)
  if (seeObject(stored, owner.uid).kind !== 'own')
    throw new Error(`Cannot use Secret "${name}": it is not this tenant's`)
  return (key) => {
    const value = secretValue(stored, key)
    if (value === undefined) throw new Error(`Cannot use Secret "${name}": it has no "${key}"`)
    return value
  }
}
