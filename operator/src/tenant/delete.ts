import { findCondition } from '@bulkhead/crds'
import { ShardNotConfigured } from '@bulkhead/database'
import type { PlacedWall } from '@bulkhead/database'
import { KeycloakNotConfigured } from '@bulkhead/identity'
import { isConflict, isNotFound, timestamp } from '@bulkhead/runtime'
import { databaseSecretOf, namespaceOf, realmOf, realmSecretOf, tenantHost } from '@bulkhead/tenancy'
import type { TenantFacts } from '../facts.ts'
import { removeFinalizer } from '../kubernetes/finalizer.ts'
import { namespaceKind, secretKind, tenantKind } from '../kubernetes/kinds.ts'
import { seeObject } from '../kubernetes/wanted-object.ts'
import type { Outcome } from '../outcome.ts'
import type { Parts } from '../parts.ts'
import { databaseTenantOf } from '../walls/database/wanted.ts'
import { termsOf } from '../walls/grants/observe.ts'
import { isRealmOf } from '../walls/identity/realm.ts'
import { ownerOf } from '../walls/owner.ts'
import type { Owner } from '../walls/owner.ts'
import { findSystemSecret, unless } from '../walls/system-secrets.ts'
import { describeRemains, planDeletion } from './plan-deletion.ts'
import type { DeletionStep, Remains } from './plan-deletion.ts'
import { report } from './report.ts'
import { withdrawnStatus } from './status.ts'

/** What keeps a Tenant until its clean-up was seen done. */
export const tenantFinalizer = 'bulkhead.dev/tenant'
const withdrawalTimeoutMs = 10_000
const pollMs = 1000
// One to write down what is kept, one to keep it, one to see it, one for what the namespace held back, one to forget it.
const maxRounds = 5

/** Takes a Tenant away: traffic first, then what it had, then, once that was seen gone, the finalizer. */
export async function reconcileDeletion(parts: Parts, tenant: TenantFacts, signal: AbortSignal): Promise<Outcome> {
  if (tenant.metadata.finalizers?.includes(tenantFinalizer) !== true) return { kind: 'gone' }
  const { name, uid } = tenant.metadata
  // By name and uid alone: what the spec says, or whether it can be used at all, is nothing to a deletion.
  const owner = ownerOf(tenant.metadata)
  if (owner !== undefined) {
    const withdrawing = await withdraw(parts, tenant, signal)
    if (withdrawing !== undefined) return withdrawing
    const left = await clean(parts, doomed(tenant, owner), tenant.spec.deletionPolicy, signal)
    if (left !== undefined) {
      await report(parts, tenant, withdrawnStatus(tenant, timestamp(parts.clock.now()), left.words), signal)
      if (left.fault !== undefined) throw new Error(`Cannot delete tenant "${name}"`, { cause: left.fault })
      return { kind: 'waiting', reason: 'Deleting', retryAfterMs: pollMs }
    }
  }
  await removeFinalizer(parts.kubernetes, { ref: { kind: tenantKind, name }, uid }, tenantFinalizer, signal)
  parts.logger.info({ tenant: name, policy: tenant.spec.deletionPolicy }, 'tenant gone')
  return { kind: 'gone' }
}

// The grants go first, which takes the tenant's hosts off every Envoy; then that is awaited, but not for ever.
async function withdraw(parts: Parts, tenant: TenantFacts, signal: AbortSignal): Promise<Outcome | undefined> {
  const { clock } = parts
  await report(parts, tenant, withdrawnStatus(tenant, timestamp(clock.now())), signal)
  const conditions = tenant.status?.conditions
  const programmed = findCondition(conditions, 'Programmed')
  if (programmed === undefined || programmed.reason === 'Withdrawn') return undefined
  const granted = findCondition(conditions, 'Granted')
  const sinceMs = granted?.reason === 'Deleting' ? Date.parse(granted.lastTransitionTime ?? '') : clock.now()
  if (clock.now() - sinceMs >= withdrawalTimeoutMs) return undefined
  return { kind: 'waiting', reason: 'Deleting', retryAfterMs: pollMs }
}

/** Whose walls are taken down. */
type Doomed = Owner & {
  readonly identity: TenantFacts['spec']['identity']['type']
  /** Where its status says that its realm and its schema are. */
  readonly told: Readonly<Record<PlacedWall, string | undefined>>
}

function doomed({ spec, status }: TenantFacts, owner: Owner): Doomed {
  const told = { identity: status?.identity?.shard, database: status?.database?.shard }
  return { ...owner, identity: spec.identity.type, told }
}

interface Left {
  readonly words: string
  /** What could not be looked at, or not be done. */
  readonly fault?: unknown
}

/** Gives what is left; undefined once everything was seen gone. */
async function clean(
  parts: Parts,
  owner: Doomed,
  policy: TenantFacts['spec']['deletionPolicy'],
  signal: AbortSignal,
): Promise<Left | undefined> {
  let words = ''
  for (let round = 1; round <= maxRounds; round += 1) {
    const { remains, faults } = await observeRemains(parts, owner, signal)
    const { steps, isDone } = planDeletion(policy, remains)
    if (isDone) return undefined
    words = describeRemains(policy, remains)
    // All of them are tried, whatever fails: a Keycloak that is away must not keep the database's door open.
    const results = await Promise.allSettled(steps.map((step) => applyDeletion(parts, owner, step, signal)))
    signal.throwIfAborted()
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    const all = [...faults, ...refused]
    const [fault] = all
    if (fault !== undefined) return { words: [words, ...all.flatMap(lostWay)].join('; '), fault }
    if (steps.length === 0) break
  }
  return { words }
}

// Only a person can mend the configuration, so a person has to read it.
function lostWay(fault: unknown): readonly string[] {
  return fault instanceof ShardNotConfigured || fault instanceof KeycloakNotConfigured ? [fault.message] : []
}

async function observeRemains(parts: Parts, owner: Doomed, signal: AbortSignal) {
  const faults: unknown[] = []
  const look = async <T, const U>(work: Promise<T>, unseen: U): Promise<T | U> => {
    try {
      return await work
    } catch (error) {
      faults.push(error)
      return unseen
    }
  }
  const [namespace, realm, database, grants, record, adopted, secrets] = await Promise.all([
    look(observeNamespace(parts, owner, signal), { kind: 'unseen' } as const),
    look(observeRealm(parts, owner, signal), 'unseen'),
    look(observeDatabase(parts, owner, signal), { role: 'unseen', schema: 'unseen' } as const),
    look(observeGrants(parts, owner, signal), 'unseen'),
    look(observeRecord(parts, owner, signal), 'unseen'),
    look(observeAdopted(parts, owner, signal), 'unseen'),
    look(observeSecrets(parts, owner, signal), []),
  ])
  const remains: Remains = { namespace, realm, database, grants, record, adopted, secrets }
  return { remains, faults }
}

async function observeNamespace(
  { kubernetes }: Parts,
  owner: Owner,
  signal: AbortSignal,
): Promise<Remains['namespace']> {
  const found = await kubernetes.find({ kind: namespaceKind, name: namespaceOf(owner.name) }, { signal })
  const seen = seeObject(found, owner.uid)
  if (seen.kind !== 'own') return { kind: 'gone' }
  const { deletionTimestamp, uid = '' } = seen.object.metadata
  return { kind: deletionTimestamp === undefined ? 'own' : 'terminating', uid }
}

async function observeRealm(parts: Parts, owner: Doomed, signal: AbortSignal): Promise<Remains['realm']> {
  if (!(await mayHaveRealm(parts, owner, signal))) return 'gone'
  const realm = await parts.keycloak.findRealm(realmOf(owner), signal)
  if (realm === undefined || !isRealmOf(realm, owner.uid)) return 'gone'
  return realm.enabled ? 'enabled' : 'disabled'
}

// With an issuer of its own a tenant has no realm, unless it took one up. Our key to a realm is stored before the realm
// stands: without a key nobody need ask a Keycloak, which may be away.
async function mayHaveRealm(parts: Parts, { id, uid, identity }: Doomed, signal: AbortSignal): Promise<boolean> {
  if (identity === 'Realm') return true
  return seeObject(await findSystemSecret(parts, realmSecretOf(id), signal), uid).kind === 'own'
}

async function observeDatabase({ databases }: Parts, owner: Doomed, signal: AbortSignal): Promise<Remains['database']> {
  const { role, schema, retained } = await databases.observe(databaseOf(owner), signal)
  return {
    role: role.kind === 'own' ? (role.canLogin || role.hasSessions ? 'open' : 'shut') : 'gone',
    schema: schema.kind === 'own' ? 'own' : retained.kind === 'own' ? 'retained' : 'gone',
  }
}

async function observeRecord({ retained }: Parts, { id }: Owner, signal: AbortSignal): Promise<Remains['record']> {
  return (await retained.find(id, signal)) === undefined ? 'absent' : 'written'
}

async function observeAdopted({ retained }: Parts, { uid }: Owner, signal: AbortSignal): Promise<Remains['adopted']> {
  return (await retained.isHeldBy(uid, signal)) ? 'held' : 'none'
}

async function observeGrants({ registry }: Parts, { uid }: Owner, signal: AbortSignal): Promise<Remains['grants']> {
  return registry.standing(uid, signal)
}

async function observeSecrets(parts: Parts, { id, uid }: Owner, signal: AbortSignal): Promise<readonly string[]> {
  const names = [realmSecretOf(id), databaseSecretOf(id)]
  const secrets = await Promise.all(names.map((name) => findSystemSecret(parts, name, signal)))
  return names.filter((_name, index) => seeObject(secrets[index], uid).kind === 'own')
}

async function applyDeletion(parts: Parts, owner: Doomed, step: DeletionStep, signal: AbortSignal): Promise<void> {
  parts.logger.info({ tenant: owner.name, step: step.kind }, 'taking a deletion step')
  if (isObjectStep(step)) return deleteObject(parts, owner, step, signal)
  return works[step.kind](parts, owner, signal)
}

type Work = (parts: Parts, owner: Doomed, signal: AbortSignal) => Promise<void>

const databaseOf = (owner: Doomed) => databaseTenantOf(owner, owner.told.database)
const works: Readonly<Record<Exclude<DeletionStep['kind'], ObjectStep['kind']>, Work>> = {
  'delete-realm': ({ keycloak }, owner, signal) => keycloak.deleteRealm(realmOf(owner), signal),
  'disable-realm': ({ keycloak }, owner, signal) => keycloak.setEnabled(realmOf(owner), false, signal),
  'drop-database': ({ databases }, owner, signal) => databases.drop(databaseOf(owner), signal),
  'retain-database': ({ databases }, owner, signal) => databases.retain(databaseOf(owner), signal),
  'record-retained': recordRetained,
  'forget-retained': ({ retained }, { id }, signal) => retained.forget(id, signal),
  'let-go-adopted': ({ retained }, { uid }, signal) => retained.letGo(uid, signal),
  'release-grants': releaseGrants,
  'forget-tenant': ({ registry }, { uid }, signal) => registry.forget(uid, signal),
}

type ObjectStep = Extract<DeletionStep, { kind: 'delete-namespace' | 'delete-secret' }>

function isObjectStep(step: DeletionStep): step is ObjectStep {
  return step.kind === 'delete-namespace' || step.kind === 'delete-secret'
}

async function deleteObject({ kubernetes, settings }: Parts, owner: Owner, step: ObjectStep, signal: AbortSignal) {
  if (step.kind === 'delete-namespace') {
    const ref = { kind: namespaceKind, name: namespaceOf(owner.name) }
    return removed(kubernetes.delete(ref, { preconditions: { uid: step.uid }, signal }))
  }
  const ref = { kind: secretKind, namespace: settings.systemNamespace, name: step.name }
  return removed(kubernetes.delete(ref, { signal }))
}

async function releaseGrants({ registry, ...rest }: Parts, owner: Owner, signal: AbortSignal): Promise<void> {
  const ownHost = tenantHost(owner.name, rest.settings.baseDomain)
  await registry.release({ uid: owner.uid, ownHost }, termsOf(rest), signal)
}

async function recordRetained(parts: Parts, owner: Doomed, signal: AbortSignal): Promise<void> {
  const { retained, placements, clock } = parts
  const { id, uid, name, told } = owner
  const { retainedSchema: schema } = databaseTenantOf(owner)
  const where = {
    realm: (await mayHaveRealm(parts, owner, signal)) ? realmOf(owner) : undefined,
    identityShard: (await placements.identity.shardOf(id, signal)) ?? told.identity,
    schema,
    databaseShard: (await placements.database.shardOf(id, signal)) ?? told.database,
  }
  return retained.record({ id, uid, name, ...where }, clock.now(), signal)
}

function removed(deletion: Promise<void>): Promise<void> {
  return unless((error) => isNotFound(error) || isConflict(error), deletion)
}
