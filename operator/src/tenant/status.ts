import { findCondition, isTrueAt } from '@bulkhead/crds'
import type { Condition, Problem, Reason, Tenant } from '@bulkhead/crds'
import { namespaceOf } from '@bulkhead/tenancy'
import type { TenantFacts } from '../facts.ts'
import { latestVersion } from '@bulkhead/database'
import { conditionsOf, done, failed, refusedConditions } from '../verdict.ts'
import type { Verdict, Verdicts } from '../verdict.ts'
import type { Faults } from './apply.ts'
import type { Observed, SeenIdentity, SeenNamespace, WallName } from './observed.ts'
import { hostNotGranted } from './wanted.ts'
import type { Wanted } from './wanted.ts'

type TenantStatus = NonNullable<Tenant['status']>

const wallConditions = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady'] as const
type WallCondition = (typeof wallConditions)[number]
/** The conditions of a Tenant that only the operator writes. */
export const ownConditions = [...wallConditions, 'Ready', 'Reconciling', 'Stalled']

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
  const types = { kept: wallConditions, refused: ['Ready'] }
  return {
    ...own,
    observedGeneration: metadata.generation,
    conditions: refusedConditions(before, types, sentence([problem]), stamp),
  }
}

const stuckReasons: readonly Reason[] = ['NameTaken', 'JwksInvalid']

/** What the Tenant's status says, from what was seen and from nothing else. */
export function buildStatus(input: StatusInput): StatusResult {
  const { tenant, wanted, observed } = input
  const grants = judgeGrants(input)
  const walls: readonly (readonly [WallCondition, WallName, Verdict])[] = [
    ['Granted', 'grants', grants.verdict],
    ['NamespaceReady', 'namespace', judgeNamespace(input)],
    ['IdentityReady', 'identity', judgeIdentity(input)],
    ['DatabaseReady', 'database', judgeDatabase(input)],
  ]
  const kept = walls.map(([type, wall, verdict]) => [type, wall, keepThroughFault(input, type, wall, verdict)] as const)
  const verdicts = kept.map(([type, , verdict]) => [type, verdict] as const)
  const problems = [...grants.problems, ...wanted.problems, ...input.refused]
  const isStuck = problems.length > 0 || verdicts.some(([, { reason }]) => stuckReasons.includes(reason))
  const waiting = kept.some(([, wall, verdict]) => verdict.status !== 'True' && isTemporary(input, wall, verdict))
  return {
    status: {
      observedGeneration: tenant.metadata.generation,
      namespace: namespaceNameOf(input),
      id: wanted.owner.id,
      granted: grantedOf(input),
      identity: identityOf(input),
      database: databaseOf(wanted, observed),
      conditions: judgeAll(input, verdicts, { problems, waiting, isStuck }),
    },
    problems,
    waiting,
    isStuck,
  }
}

/** The status of a Tenant whose traffic is to be cut: nothing is granted from now on. */
export function withdrawnStatus({ status, metadata }: TenantFacts, now: string): TenantStatus {
  const { dataPlane: _dataPlane, conditions: before, ...own } = status ?? {}
  const verdict = failed('Deleting', 'The tenant is being deleted')
  const stamp = { observedGeneration: metadata.generation, now }
  // The cut is awaited from its own beginning, also where there was no grant before.
  const isCut = findCondition(before, 'Granted')?.reason === 'Deleting'
  const conditions = [
    ...conditionsOf(isCut ? before : undefined, [['Granted', verdict]], stamp),
    ...conditionsOf(before, [['Ready', verdict]], stamp),
  ]
  return { ...own, observedGeneration: metadata.generation, granted: { hostnames: [], guaranteed: 0 }, conditions }
}

function faultOf({ observed, faults }: StatusInput, wall: WallName): boolean {
  return observed[wall].kind === 'unavailable' || faults.has(wall)
}

function isTemporary(input: StatusInput, wall: WallName, verdict: Verdict): boolean {
  return faultOf(input, wall) || verdict.reason === 'Progressing' || verdict.reason === 'Waiting'
}

// A look that failed says nothing about a wall that stood: its condition stays until something was really seen.
function keepThroughFault(
  { tenant, observed }: StatusInput,
  type: WallCondition,
  wall: WallName,
  verdict: Verdict,
): Verdict {
  const list = tenant.status?.conditions
  const isUnseen = observed[wall].kind === 'unavailable'
  if (!isUnseen || !isTrueAt(list, type, tenant.metadata.generation)) return verdict
  // A wall that stands has the reason of its own name.
  return done(type, findCondition(list, type)?.message ?? '')
}

function judgeGrants({ tenant, wanted, observed: { grants } }: StatusInput) {
  if (grants.kind === 'unavailable') {
    return { verdict: unavailable('DatabaseUnavailable'), problems: wanted.hostProblems }
  }
  const { refusedHosts, missing, changes } = grants.value
  if (changes) return { verdict: failed('Progressing', 'The registry is being asked'), problems: wanted.hostProblems }
  const refused = refusedHosts.map((host) => hostNotGranted(host, wanted.fieldOfHost.get(host) ?? 'spec.hostnames'))
  const field = 'spec.limits.requestsPerSecond.guaranteed'
  const message = `Cannot guarantee ${wanted.claim.guaranteed} requests a second: ${missing} are missing in the fleet's capacity`
  const share: readonly Problem[] = missing > 0 ? [{ reason: 'CapacityExceeded', field, message }] : []
  const problems = [...wanted.hostProblems, ...refused, ...share]
  const [first] = problems
  if (first !== undefined) return { verdict: failed(first.reason, sentence(problems)), problems }
  const hosts = `${tenant.metadata.name}: ${grants.value.hosts.length} hostnames, ${grants.value.guaranteed} requests a second`
  return { verdict: done('Granted', hosts), problems }
}

const unavailable = (reason: Reason): Verdict => failed(reason, 'It cannot be reached or refuses, and is tried again')

/** All problems in one message, in the order of the object. */
export function sentence(problems: readonly Problem[]): string {
  return problems
    .map(({ field, message }) => `${field}: ${message}`)
    .join('; ')
    .slice(0, 2000)
}

function judgeNamespace(input: StatusInput): Verdict {
  const { wanted, observed } = input
  const name = namespaceOf(wanted.owner.name)
  if (observed.namespace.kind === 'unavailable') return unavailable('KubernetesUnavailable')
  const { value } = observed.namespace
  if (value.kind === 'foreign' || (value.kind === 'terminating' && !value.isOwn)) {
    return failed('NameTaken', `Namespace "${name}" exists and is not this tenant's; it was left untouched`)
  }
  const foreign = foreignNames(wanted, value)
  if (foreign.length > 0)
    return failed('NameTaken', `In "${name}" exists what is not this tenant's: ${foreign.join(', ')}`)
  if (input.faults.has('namespace')) return unavailable('KubernetesUnavailable')
  return judgeFurniture(input, value)
}

function judgeFurniture(input: StatusInput, value: SeenNamespace): Verdict {
  const name = namespaceOf(input.wanted.owner.name)
  if (input.refused.length > 0) return failed('InvalidSpec', sentence(input.refused))
  if (value.kind !== 'own') return failed('Progressing', `Namespace "${name}" is being made`)
  const isFurnished = value.objects.length > 0 && value.objects.every((object) => object.kind === 'own')
  return isFurnished
    ? done('NamespaceReady', `Namespace "${name}" stands`)
    : failed('Progressing', `Namespace "${name}" is being furnished`)
}

function foreignNames({ namespace }: Wanted, seen: SeenNamespace): readonly string[] {
  if (seen.kind !== 'own') return []
  const wantedObjects = [namespace.binding, ...namespace.objects]
  const names = [seen.binding, ...seen.objects].flatMap((object, index) => {
    const wanted = wantedObjects[index]
    return object.kind === 'foreign' && wanted !== undefined
      ? [`${wanted.kind.kind} "${wanted.body.metadata.name}"`]
      : []
  })
  return seen.invitation.kind === 'foreign' ? [...names, 'Secret "tenant-admin-invitation"'] : names
}

function judgeIdentity(input: StatusInput): Verdict {
  const { wanted, observed, faults } = input
  const { realm: name } = wanted.identity
  if (observed.identity.kind === 'unavailable') return unavailable('IdentityProviderUnavailable')
  const { realm, secret } = observed.identity.value
  if (realm.kind === 'foreign' || secret.kind === 'foreign') {
    return failed('NameTaken', `Realm "${name}" exists and is not this tenant's; it was left untouched`)
  }
  if (faults.has('identity')) return unavailable('IdentityProviderUnavailable')
  return judgeRealm(input, observed.identity.value)
}

function judgeRealm({ tenant, wanted }: StatusInput, { realm, keys }: SeenIdentity): Verdict {
  const { realm: name } = wanted.identity
  if (tenant.spec.suspended && realm.kind === 'disabled') return failed('Suspended', `Realm "${name}" is disabled`)
  if (realm.kind !== 'open' || realm.audience.scope !== 'as-wanted') {
    return failed('Progressing', `Realm "${name}" is being made`)
  }
  if (keys?.ok === false) return failed('JwksInvalid', keys.problem)
  return done('IdentityReady', `Realm "${name}" stands`)
}

function judgeDatabase({ tenant, wanted, observed: { database }, faults }: StatusInput): Verdict {
  const { schema: name } = wanted.database.tenant
  if (database.kind === 'unavailable') return unavailable('DatabaseUnavailable')
  const { role, schema, secret } = database.value
  if ([role.kind, schema.kind, secret.kind].includes('foreign')) {
    return failed('NameTaken', `"${name}" exists in the database and is not this tenant's; it was left untouched`)
  }
  if (role.kind === 'own' && !role.isPlain) {
    return failed(
      'NameTaken',
      `Somebody gave role "${name}" power that a tenant's must not have; it was left untouched`,
    )
  }
  if (faults.has('database')) return unavailable('DatabaseUnavailable')
  if (role.kind !== 'own' || schema.kind !== 'own' || schema.version !== latestVersion) {
    return failed('Progressing', `Schema "${name}" is being made`)
  }
  if (tenant.spec.suspended) return failed('Suspended', `Role "${name}" cannot log in`)
  return done('DatabaseReady', `Schema "${name}" is at version ${schema.version}`)
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
function identityOf({ tenant, wanted, observed: { identity } }: StatusInput): TenantStatus['identity'] {
  const { issuer, audience, realm } = wanted.identity
  if (identity.kind === 'seen' && identity.value.realm.kind === 'foreign') return undefined
  const keys = identity.kind === 'seen' ? identity.value.keys : undefined
  const jwks = keys?.ok === true ? keys.jwks : tenant.status?.identity?.jwks
  return { issuer, audience, realm, ...(jwks === undefined ? {} : { jwks }) }
}

function databaseOf({ database: { tenant } }: Wanted, { database }: Observed): TenantStatus['database'] {
  const version =
    database.kind === 'seen' && database.value.schema.kind === 'own' ? { version: database.value.schema.version } : {}
  return { schema: tenant.schema, role: tenant.role, ...version }
}

function judgeAll(
  { tenant, now }: StatusInput,
  verdicts: Verdicts,
  { problems, waiting, isStuck }: Omit<StatusResult, 'status'>,
): Condition[] {
  const ready = judgeReady(tenant, verdicts, problems)
  const extra: (readonly [string, Verdict])[] = []
  if (waiting) extra.push(['Reconciling', done('Progressing', 'Walls are being built')])
  if (isStuck) extra.push(['Stalled', done(ready.reason, ready.message)])
  const stamp = { observedGeneration: tenant.metadata.generation, now }
  return conditionsOf(tenant.status?.conditions, [...verdicts, ['Ready', ready], ...extra], stamp)
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
