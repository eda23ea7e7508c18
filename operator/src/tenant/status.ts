import { findCondition, isTrueAt, ownConditionTypes } from '@bulkhead/crds'
import type { Condition, Problem, Reason, Tenant } from '@bulkhead/crds'
import { apiGroup, namespaceOf } from '@bulkhead/tenancy'
import type { TenantFacts } from '../facts.ts'
import { conditionsOf, done, failed, progressOf, refusedConditions } from '../verdict.ts'
import type { Verdict, Verdicts } from '../verdict.ts'
import { judgeDatabase, judgeMigration } from '../walls/database/judge.ts'
import { judgeGrants } from '../walls/grants/judge.ts'
import { externalStatus, judgeExternal, judgeStale } from '../walls/identity/external/judge.ts'
import type { ExternalFacts } from '../walls/identity/external/judge.ts'
import { federationProblems, judgeIdentity } from '../walls/identity/judge.ts'
import { believedKeys, judgeStaleKeys, judgeWithdrawn } from '../walls/identity/keys/believed.ts'
import type { BelievedKeys } from '../walls/identity/keys/believed.ts'
import { sentence } from '../walls/judgement.ts'
import { judgeNamespace } from '../walls/namespace/judge.ts'
import type { Faults } from './apply.ts'
import { judgeLost, lostWalls } from './lost.ts'
import type { Keeper } from './lost.ts'
import type { Observed, WallName } from './observed.ts'
import type { Wanted } from './wanted.ts'

/** On a Tenant: its deletion goes on, however many are deleted with it. */
export const allowDeletionAnnotation = `${apiGroup}/allow-deletion`

type TenantStatus = NonNullable<Tenant['status']>

const wallConditions = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady'] as const
type WallCondition = (typeof wallConditions)[number]
/** The conditions of a Tenant that only the operator writes. */
export const ownConditions = ownConditionTypes('operator', 'Tenant')

export interface StatusInput {
  readonly tenant: Tenant
  readonly wanted: Wanted
  readonly observed: Observed
  readonly faults: Faults
  /** What the API server refused to make out of the spec. */
  readonly refused: readonly Problem[]
  /** RFC 3339. */
  readonly now: string
}

export interface StatusResult {
  readonly status: TenantStatus
  /** Mistakes that only a person can mend. */
  readonly problems: readonly Problem[]
  /** Walls that stand not yet, through nobody's mistake. */
  readonly waiting: boolean
  /** Nothing goes on before a person acts. */
  readonly isStuck: boolean
}

/** The status of a Tenant that cannot be used: what stood stays in force as it was, and the mistake is told. */
export function refusedStatus({ metadata, status }: TenantFacts, problem: Problem, now: string): TenantStatus {
  const { dataPlane: _dataPlane, conditions: before, ...own } = status ?? {}
  const stamp = { observedGeneration: metadata.generation, now }
  const types = { kept: wallConditions, refused: ['Ready'] as const }
  return {
    ...own,
    observedGeneration: metadata.generation,
    conditions: refusedConditions(before, types, { reason: problem.reason, message: sentence([problem]) }, stamp),
  }
}

const stuckReasons: readonly Reason[] = [
  'NameTaken',
  'JwksInvalid',
  'JwksWithdrawn',
  'IssuerInvalid',
  'IssuerNotGranted',
  'RealmLost',
  'ShardFull',
  'ShardUnknown',
  'MigrationFailed',
  'SchemaLost',
]

/** What the Tenant's status says, from what was seen and from nothing else. */
export function buildStatus(input: StatusInput): StatusResult {
  const { tenant, wanted, observed } = input
  const grants = judgeGrants(wanted.grants, observed.grants)
  const walls = judgeWalls(input, grants.verdict)
  const kept = walls.map(([type, wall, verdict]) => [type, wall, keepThroughFault(input, type, wall, verdict)] as const)
  const verdicts = kept.map(([type, , verdict]) => [type, verdict] as const)
  const problems = [...grants.problems, ...wanted.problems, ...federationProblems(observed.identity), ...input.refused]
  const isStuck = problems.length > 0 || verdicts.some(([, { reason }]) => stuckReasons.includes(reason))
  const waiting = kept.some(([, wall, verdict]) => verdict.status !== 'True' && isTemporary(input, wall, verdict))
  return {
    status: {
      observedGeneration: tenant.metadata.generation,
      namespace: namespaceNameOf(input),
      id: wanted.owner.id,
      granted: grantedOf(input),
      identity: identityOf(input),
      database: databaseOf(input),
      conditions: judgeAll(input, verdicts, { problems, waiting, isStuck }),
    },
    problems,
    waiting,
    isStuck,
  }
}

type JudgedWall = readonly [WallCondition, WallName, Verdict]

function judgeWalls(input: StatusInput, granted: Verdict): readonly JudgedWall[] {
  const { tenant, wanted, observed, faults, refused } = input
  const isSuspended = tenant.spec.suspended
  const about = <W extends 'namespace' | 'identity' | 'database'>(wall: W) => ({
    ...{ wanted: wanted[wall], seen: observed[wall], hasFault: faults.has(wall), isSuspended },
  })
  const { owner } = wanted
  const gone = lostWalls(wanted.known, observed).filter((wall) => wanted[wall].placement.kind === 'placed')
  const lost = (wall: Keeper, name: string) => (gone.includes(wall) ? judgeLost(wall, name) : undefined)
  return [
    ['Granted', 'grants', granted],
    ['NamespaceReady', 'namespace', judgeNamespace({ ...about('namespace'), owner, refused })],
    [
      'IdentityReady',
      'identity',
      lost('identity', wanted.identity.realm) ?? judgeIssuer(input, () => judgeIdentity(about('identity'))),
    ],
    ['DatabaseReady', 'database', lost('database', wanted.database.tenant.schema) ?? judgeDatabase(about('database'))],
  ]
}

function judgeIssuer(input: StatusInput, judgeRealm: () => Verdict): Verdict {
  const facts = externalFacts(input)
  return facts === undefined ? judgeRealm() : judgeExternal(facts)
}

function externalFacts({ tenant, wanted, observed }: StatusInput): ExternalFacts | undefined {
  const { identity: seen, grants } = observed
  return wanted.external && { wanted: wanted.external, seen, grants, before: tenant.status?.identity }
}

/** The status of a Tenant whose traffic is to be cut: nothing is granted from now on. */
export function withdrawnStatus({ status, metadata }: TenantFacts, now: string, left?: string): TenantStatus {
  const { dataPlane: _dataPlane, conditions: before, ...own } = status ?? {}
  const verdict = failed('Deleting', 'The tenant is being deleted')
  const told = findCondition(before, 'Ready')
  // Without a new look the last one's words stay.
  const said = left === undefined ? (told?.reason === 'Deleting' ? told.message : undefined) : `Still there: ${left}`
  const ready = failed('Deleting', said ?? verdict.message)
  const stamp = { observedGeneration: metadata.generation, now }
  // The cut is awaited from its own beginning, also where there was no grant before.
  const isCut = findCondition(before, 'Granted')?.reason === 'Deleting'
  const conditions = [
    ...conditionsOf(isCut ? before : undefined, [['Granted', verdict]], stamp),
    ...conditionsOf(before, [['Ready', ready]], stamp),
  ]
  return { ...own, observedGeneration: metadata.generation, granted: { hostnames: [], guaranteed: 0 }, conditions }
}

/** The status of a Tenant whose deletion waits for somebody to allow it: it is served as before. */
export function heldStatus({ status, metadata }: TenantFacts, together: number, now: string): TenantStatus {
  const { dataPlane: _dataPlane, conditions: before = [], ...own } = status ?? {}
  const message = `${together} Tenants were deleted at once: nothing is removed before this one is annotated with ${allowDeletionAnnotation}=true`
  const stamp = { observedGeneration: metadata.generation, now }
  const told: Verdicts = [
    ['Ready', failed('DeletionHeld', message)],
    ['Stalled', done('DeletionHeld', message)],
  ]
  const kept = before.filter(({ type }) => wallConditions.some((one) => one === type))
  return {
    ...own,
    observedGeneration: metadata.generation,
    conditions: [...kept, ...conditionsOf(before, told, stamp)],
  }
}

function faultOf({ observed, faults }: StatusInput, wall: WallName): boolean {
  return observed[wall].kind === 'unavailable' || faults.has(wall)
}

const passing: readonly Reason[] = ['Progressing', 'Waiting', 'NamespaceLost']

function isTemporary(input: StatusInput, wall: WallName, verdict: Verdict): boolean {
  return faultOf(input, wall) || passing.includes(verdict.reason)
}

// A look that failed says nothing about a wall that stood: its condition stays until something was really seen.
function keepThroughFault(input: StatusInput, type: WallCondition, wall: WallName, verdict: Verdict): Verdict {
  const { tenant, observed } = input
  const list = tenant.status?.conditions
  const keys = believedOf(input)
  const withdrawn = keys && judgeWithdrawn(keys)
  if (wall === 'identity' && withdrawn !== undefined) return withdrawn
  const isUnseen = observed[wall].kind === 'unavailable'
  if (!isUnseen || !isTrueAt(list, type, tenant.metadata.generation)) return verdict
  // A wall that stands has the reason of its own name.
  return done(type, findCondition(list, type)?.message ?? '')
}

// Said only of a namespace that was seen to be the tenant's own: whoever reads it takes what stands there for the tenant's.
function namespaceNameOf({ tenant, wanted, observed: { namespace } }: StatusInput): string | undefined {
  if (namespace.kind === 'unavailable') return tenant.status?.namespace
  const { value } = namespace
  const isOwn = value.kind === 'own' || (value.kind === 'terminating' && value.isOwn)
  return isOwn ? namespaceOf(wanted.owner.name) : undefined
}

function grantedOf({ tenant, observed: { grants } }: StatusInput): TenantStatus['granted'] {
  // Judged is not granted: only what the registry holds counts.
  if (grants.kind === 'unavailable' || grants.value.changes) return tenant.status?.granted
  return { hostnames: [...grants.value.hosts], guaranteed: grants.value.guaranteed }
}

// A realm that is not the tenant's lends it neither issuer nor keys; a look that failed takes none away.
function identityOf(input: StatusInput): TenantStatus['identity'] {
  const external = externalFacts(input)
  if (external !== undefined) return externalStatus(external)
  const { tenant, wanted, observed } = input
  const { identity } = observed
  const { issuer, audience, realm, placement } = wanted.identity
  if (identity.kind === 'seen' && identity.value.realm.kind === 'foreign') return undefined
  const { jwks, failingSince } = believedOf(input) ?? {}
  // Without a place there is no issuer.
  if (placement.kind !== 'placed') return tenant.status?.identity
  return {
    ...{ issuer, audience, realm, shard: placement.shard, ...(jwks === undefined ? {} : { jwks }) },
    ...(failingSince === undefined ? {} : { jwksFailingSince: failingSince }),
  }
}

// Undefined for a tenant that brings its own issuer.
function believedOf({ tenant, wanted, observed, now }: StatusInput): BelievedKeys | undefined {
  if (wanted.external !== undefined) return undefined
  const { keysLife: life } = wanted.identity
  return believedKeys({ seen: observed.identity, before: tenant.status?.identity, now, life })
}

function databaseOf(input: StatusInput): TenantStatus['database'] {
  const { schema, role } = input.wanted.database.tenant
  const [shard, version] = [databaseShardOf(input), versionOf(input)]
  return { schema, role, ...(shard === undefined ? {} : { shard }), ...(version === undefined ? {} : { version }) }
}

function databaseShardOf({ tenant, wanted: { database } }: StatusInput): string | undefined {
  return database.placement.kind === 'placed' ? database.placement.shard : tenant.status?.database?.shard
}

// The version that stood stays said while the schema is gone: by it we know that there was one.
function versionOf({ tenant, observed: { database } }: StatusInput): number | undefined {
  const seen = database.kind === 'seen' ? database.value.schema : undefined
  if (seen?.kind === 'own') return seen.version
  return seen?.kind === 'foreign' ? undefined : tenant.status?.database?.version
}

function judgeAll(
  input: StatusInput,
  verdicts: Verdicts,
  { problems, waiting }: Omit<StatusResult, 'status'>,
): Condition[] {
  const { tenant, now } = input
  const ready = judgeReady(tenant, verdicts, problems)
  const external = externalFacts(input)
  const own = believedOf(input)
  const stale = external === undefined ? own && judgeStaleKeys(own) : judgeStale(external)
  const migration = judgeMigration(input.observed.database)
  const all: Verdicts = [
    ...verdicts,
    ['Ready', ready],
    ...(stale === undefined ? [] : [['JwksStale', stale] as const]),
    ...(migration === undefined ? [] : [['MigrationFailed', migration] as const]),
    ...progressOf(ready, { work: workOn(verdicts, waiting), mistake: judgeMistake(verdicts, problems) }),
  ]
  const stamp = { observedGeneration: tenant.metadata.generation, now }
  return conditionsOf(tenant.status?.conditions, all, stamp)
}

function workOn(verdicts: Verdicts, waiting: boolean): string | undefined {
  // The keys are fetched over and over, whoever else rests.
  if (verdicts.some(([, { reason }]) => reason === 'JwksUnavailable')) return 'The keys of the issuer are being fetched'
  return waiting ? 'Walls are being built' : undefined
}

function judgeMistake(verdicts: Verdicts, problems: readonly Problem[]): Verdict | undefined {
  const stuck = verdicts.find(([, { reason }]) => stuckReasons.includes(reason))
  if (stuck !== undefined) return failed(stuck[1].reason, `${stuck[0]}: ${stuck[1].message}`.slice(0, 2000))
  const [problem] = problems
  return problem && failed(problem.reason, sentence(problems))
}

function judgeReady(tenant: Tenant, verdicts: Verdicts, problems: readonly Problem[]): Verdict {
  if (tenant.spec.suspended) return failed('Suspended', 'The tenant is suspended')
  const broken = verdicts.find(([, verdict]) => verdict.status !== 'True')
  if (broken !== undefined) return failed(broken[1].reason, `${broken[0]}: ${broken[1].message}`.slice(0, 2000))
  const [problem] = problems
  if (problem !== undefined) return failed(problem.reason, sentence(problems))
  if (!isTrueAt(tenant.status?.conditions, 'Programmed', tenant.metadata.generation)) {
    return failed('NotProgrammed', 'The walls stand; the data plane does not serve this generation yet')
  }
  return done('Ready', 'All walls stand and the data plane serves them')
}
