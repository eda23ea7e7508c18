import type { RegistryTraces, RetainedRecord, ServerTraces, TraceOfRole } from '@bulkhead/database'
import { namespaceOf, realmOf, retainedSchemaOf, roleOf, schemaOf } from '@bulkhead/tenancy'
import { notLookedAt } from './proof.ts'
import type { Place, Proof } from './proof.ts'
import type { Sight } from './sight.ts'
import type { SeenNamespace, SeenRealm, SeenTenant, Sightings, Subject } from './sightings.ts'

type Finding = Pick<Place, 'state' | 'found' | 'until'>

const gone = (found = 'nothing'): Finding => ({ state: 'gone', found })
const left = (found: string): Finding => ({ state: 'left', found })

/** What was seen, as a proof: of each place whether it is empty, and if not, whether that is meant. */
export function judgeSightings(subject: Subject, seen: Sightings, at: string): Proof {
  const nowMs = Date.parse(at)
  const places = [
    ...kubernetesPlaces(subject, seen),
    realmPlace(subject, seen),
    ...postgresPlaces(subject, seen, nowMs),
  ]
  return {
    ...{ kind: 'TenantOffboardProof', version: 1, at, tenant: subject },
    isProven: places.every(({ state }) => state === 'gone' || state === 'kept'),
    ...{ places, notLookedAt: [...notLookedAt] },
  }
}

/** What is kept on purpose: undefined where nothing is, and also where nobody could look. */
function keptBy({ record }: Sightings): RetainedRecord | undefined {
  if (record.kind === 'unseen' || record.value === undefined) return undefined
  const { isPurged, adoptedBy } = record.value
  return isPurged || adoptedBy !== undefined ? undefined : record.value
}

const untilPurge = ({ id }: Subject): string => `somebody runs "bulkhead tenant purge ${id} --yes"`

function about<T>(system: Place['system'], place: string, seen: Sight<T>, judge: (value: T) => Finding): Place {
  const finding: Finding = seen.kind === 'seen' ? judge(seen.value) : { state: 'unseen', found: seen.why }
  return { system, place, ...finding }
}

function keptOrLeft(subject: Subject, seen: Sightings, found: string): Finding {
  return keptBy(seen) === undefined ? left(found) : { state: 'kept', found, until: untilPurge(subject) }
}

function kubernetesPlaces(subject: Subject, seen: Sightings): readonly Place[] {
  const { name } = subject
  return [
    about('kubernetes', `Tenant "${name}"`, seen.tenant, judgeTenant),
    about('kubernetes', `Namespace "${namespaceOf(name)}"`, seen.namespace, judgeNamespace),
    ...[...seen.secrets].map(([secret, found]) =>
      about('kubernetes', `Secret "${secret}"`, found, (value) => {
        if (value === 'absent') return gone()
        return value === 'foreign' ? gone('one that is not of this tenant') : keptOrLeft(subject, seen, 'it stands')
      }),
    ),
  ]
}

function judgeTenant(value: SeenTenant): Finding {
  if (value.kind === 'absent') return gone()
  if (value.kind === 'other') return gone(`one of another incarnation: ${value.whose}`)
  return left(value.isDeleted ? `it is being deleted: ${value.words}` : `it stands: ${value.words}`)
}

function judgeNamespace(value: SeenNamespace): Finding {
  if (value.kind === 'absent') return gone()
  if (value.kind === 'other') return gone(`one that is not of this tenant: ${value.whose}`)
  return left(`${value.isDeleted ? 'it is being deleted' : 'it stands'}, with ${value.contents}`)
}

function realmPlace(subject: Subject, seen: Sightings): Place {
  return about('keycloak', `realm "${realmOf(subject)}"`, seen.realm, (realm) => judgeRealm(subject, seen, realm))
}

function judgeRealm(subject: Subject, seen: Sightings, realm: SeenRealm): Finding {
  if (realm === 'absent') return gone()
  if (realm === 'foreign') return gone('one that is not of this tenant')
  return realm === 'enabled' ? left('it is open') : keptOrLeft(subject, seen, 'it is disabled')
}

function postgresPlaces(subject: Subject, seen: Sightings, nowMs: number): readonly Place[] {
  const servers = [...seen.servers].flatMap(([name, server]) => serverPlaces(subject, seen, name, server))
  return [...servers, ...registryPlaces(seen.registry, nowMs), recordPlace(subject, seen.record)]
}

function serverPlaces(subject: Subject, seen: Sightings, name: string, server: Sight<ServerTraces>): readonly Place[] {
  const { id } = subject
  const on = seen.servers.size === 1 ? '' : ` on "${name}"`
  const schemaFinding = (found: ServerTraces['schema'], judge: () => Finding): Finding => {
    if (found === 'absent') return gone()
    return found === 'foreign' ? gone('one that is not of this tenant') : judge()
  }
  const lines = (count: number) => `${count} lines`
  return [
    about('postgres', `role "${roleOf(id)}"${on}`, server, ({ role }) => judgeRole(subject, seen, role)),
    about('postgres', `privileges elsewhere${on}`, server, ({ role }) => judgeElsewhere(role)),
    about('postgres', `schema "${schemaOf(id)}"${on}`, server, ({ schema }) =>
      schemaFinding(schema, () => left('it stands')),
    ),
    about('postgres', `schema "${retainedSchemaOf(id)}"${on}`, server, ({ retained }) =>
      schemaFinding(retained, () => keptOrLeft(subject, seen, 'it stands, and no role reaches it')),
    ),
    about('postgres', `migrations' ledger${on}`, server, ({ ledger }) => {
      if (ledger.schema > 0) return left(lines(ledger.schema))
      return ledger.retained > 0 ? keptOrLeft(subject, seen, lines(ledger.retained)) : gone()
    }),
  ]
}

function judgeRole(subject: Subject, seen: Sightings, role: TraceOfRole): Finding {
  if (role.kind !== 'own') return role.kind === 'absent' ? gone() : gone('one that is not of this tenant')
  if (role.canLogin) return left('it may log in')
  if (role.sessions > 0) return left(`it may not log in, and has ${role.sessions} sessions open`)
  return keptOrLeft(subject, seen, 'it may not log in')
}

function judgeElsewhere(role: TraceOfRole): Finding {
  if (role.kind !== 'own' || role.elsewhere.length === 0) return gone('none')
  return left(role.elsewhere.join(', '))
}

function registryPlaces(seen: Sight<RegistryTraces>, nowMs: number): readonly Place[] {
  const all = seen.kind === 'seen' ? seen.value.hosts : []
  // One whose quarantine is over is free, and its line goes at the next claim.
  const hosts = all.filter(({ quarantinedUntilMs = Infinity }) => quarantinedUntilMs > nowMs)
  return [
    about('postgres', 'registry: tenants', seen, ({ listed }) =>
      listed === undefined ? gone() : left(`its line, with a share of ${listed.guaranteed} requests a second`),
    ),
    about('postgres', 'registry: issuers', seen, ({ issuers }) =>
      issuers.length === 0 ? gone() : left(issuers.join(', ')),
    ),
    about('postgres', 'registry: hostnames', seen, () => (hosts.length === 0 ? gone() : hostsInAll(hosts))),
    ...hosts.map(({ host, quarantinedUntilMs }) =>
      about('postgres', `registry: hostname "${host}"`, seen, () =>
        quarantinedUntilMs === undefined
          ? left('it is granted')
          : { state: 'kept', found: 'it is in quarantine', until: new Date(quarantinedUntilMs).toISOString() },
      ),
    ),
  ]
}

function hostsInAll(hosts: RegistryTraces['hosts']): Finding {
  const latest = Math.max(...hosts.map(({ quarantinedUntilMs }) => quarantinedUntilMs ?? Infinity))
  const found = `${hosts.length}, named below`
  return Number.isFinite(latest) ? { state: 'kept', found, until: new Date(latest).toISOString() } : left(found)
}

function recordPlace(subject: Subject, seen: Sight<RetainedRecord | undefined>): Place {
  return about('postgres', 'registry: retained', seen, (record) => {
    if (record === undefined) return gone()
    const since = `since ${new Date(record.retainedAtMs).toISOString()}`
    if (record.isPurged) return left(`a purge that was not finished, ${since}`)
    if (record.adoptedBy === undefined) {
      return { state: 'kept', found: `what was kept, ${since}`, until: untilPurge(subject) }
    }
    if (record.adoptedAtMs === undefined) return left(`it is being taken up by the Tenant of uid ${record.adoptedBy}`)
    return { state: 'kept', found: 'all of it was taken up', until: `the Tenant of uid ${record.adoptedBy} is gone` }
  })
}
