import { durationMs } from '@bulkhead/crds'
import type { Problem, Tenant } from '@bulkhead/crds'
import {
  audienceOf,
  canonicalHost,
  databaseSecretOf,
  isUnderBaseDomain,
  issuerOf,
  parseTenantName,
  realmOf,
  realmSecretOf,
  retainedSchemaOf,
  roleOf,
  schemaOf,
  tenantHost,
  tenantId,
} from '@bulkhead/tenancy'
import type { TenantKey } from '@bulkhead/tenancy'
import { wantNamespace } from '../namespace/objects.ts'
import type { WantedNamespace } from '../namespace/objects.ts'
import { isEverybody } from '../namespace/access.ts'
import { isMetadata } from '../namespace/network-policy.ts'
import type { Claim, DatabaseTenant, RoleSettings } from '@bulkhead/database'
import { realmSettings } from './realm.ts'
import type { RealmSettings } from './realm.ts'
import type { TenantSettings } from './settings.ts'

/** Whose something is. */
export type Owner = TenantKey & { readonly uid: string }

/** Everything that a Tenant is to become. */
export interface Wanted {
  readonly owner: Owner
  readonly namespace: WantedNamespace
  readonly claim: Claim
  readonly identity: {
    readonly realm: string
    readonly issuer: string
    readonly audience: string
    readonly settings: RealmSettings
    readonly secretName: string
    readonly loginUrl: string
  }
  readonly database: { readonly tenant: DatabaseTenant; readonly settings: RoleSettings; readonly secretName: string }
  /** Mistakes in the hostnames: those are not asked for. */
  readonly hostProblems: readonly Problem[]
  /** Mistakes in the rest. */
  readonly problems: readonly Problem[]
  /** Where each host that is asked for stands in the object. */
  readonly fieldOfHost: ReadonlyMap<string, string>
}

export type WantedOrNot =
  | { readonly ok: true; readonly wanted: Wanted }
  /** Nothing can be derived from such an object. */
  | { readonly ok: false; readonly problem: Problem }

/** Who a Tenant is, by its name and uid alone; undefined when its name is none. */
export function ownerOf({ name: text, uid }: Pick<Tenant['metadata'], 'name' | 'uid'>): Owner | undefined {
  const name = parseTenantName(text)
  return name === undefined ? undefined : { name, id: tenantId(uid), uid }
}

export function wantTenant(tenant: Tenant, settings: TenantSettings): WantedOrNot {
  const owner = ownerOf(tenant.metadata)
  if (owner === undefined) {
    const message = `"${tenant.metadata.name}" is no tenant name: want a DNS label of at most 40 characters that starts with a letter`
    return { ok: false, problem: { reason: 'InvalidSpec', field: 'metadata.name', message } }
  }
  const hosts = askedHosts(owner, tenant, settings)
  const admins = judgeAdmins(tenant)
  const egress = judgeEgress(tenant)
  return {
    ok: true,
    wanted: {
      owner,
      namespace: wantNamespace(
        owner,
        { ...tenant.spec, admins: admins.allowed, network: { egress: egress.allowed } },
        settings,
      ),
      claim: {
        ...hosts.claim,
        guaranteed: tenant.spec.limits.requestsPerSecond?.guaranteed ?? settings.defaultGuaranteed,
      },
      identity: wantIdentity(owner, tenant, settings),
      database: wantDatabase(owner, tenant),
      hostProblems: hosts.problems,
      problems: [...admins.problems, ...egress.problems],
      fieldOfHost: hosts.fieldOfHost,
    },
  }
}

function wantIdentity(owner: Owner, tenant: Tenant, { publicUrl }: TenantSettings): Wanted['identity'] {
  const realm = realmOf(owner)
  return {
    realm,
    issuer: issuerOf(publicUrl, owner),
    audience: audienceOf(owner.id),
    settings: realmSettings({
      ownerUid: owner.uid,
      displayName: tenant.spec.displayName,
      enabled: !tenant.spec.suspended,
      accessTokenLifespanSeconds: Math.floor(durationMs(tenant.spec.identity.realm.accessTokenLifetime) / 1000),
    }),
    secretName: realmSecretOf(owner.id),
    loginUrl: `${publicUrl.replace(/\/$/, '')}/admin/${realm}/console/`,
  }
}

function wantDatabase(owner: Owner, tenant: Tenant): Wanted['database'] {
  return {
    tenant: databaseTenantOf(owner),
    settings: { canLogin: !tenant.spec.suspended, connectionLimit: tenant.spec.database.connectionLimit },
    secretName: databaseSecretOf(owner.id),
  }
}

/** The tenant's part of the database, by its id alone. */
export function databaseTenantOf({ id, uid }: Owner): DatabaseTenant {
  return { uid, schema: schemaOf(id), role: roleOf(id), retainedSchema: retainedSchemaOf(id) }
}

interface AskedHosts {
  readonly claim: Omit<Claim, 'guaranteed'>
  readonly problems: readonly Problem[]
  readonly fieldOfHost: ReadonlyMap<string, string>
}

function askedHosts(owner: Owner, tenant: Tenant, { baseDomain }: TenantSettings): AskedHosts {
  const ownHost = tenantHost(owner.name, baseDomain)
  const problems: Problem[] = []
  const fieldOfHost = new Map<string, string>([[ownHost, 'metadata.name']])
  tenant.spec.hostnames.forEach(({ host: text }, index) => {
    const field = `spec.hostnames[${index}].host`
    const host = canonicalHost(text)
    if (host === undefined) {
      problems.push({ reason: 'HostnameInvalid', field, message: `Cannot grant "${text}": it is no host name` })
    } else if (fieldOfHost.has(host)) {
      if (host !== ownHost) problems.push({ reason: 'DuplicateName', field, message: `"${host}" is listed twice` })
    } else if (isUnderBaseDomain(host, baseDomain)) {
      problems.push(hostNotGranted(host, field))
    } else {
      fieldOfHost.set(host, field)
    }
  })
  const { uid, id, name } = owner
  return { claim: { uid, id, name, hosts: [...fieldOfHost.keys()], ownHost }, problems, fieldOfHost }
}

/** The same words whoever holds the host, or nobody: they must not tell. */
export function hostNotGranted(host: string, field: string): Problem {
  return { reason: 'HostnameNotGranted', field, message: `"${host}" is not granted to this tenant` }
}

function judgeAdmins(tenant: Tenant) {
  const problems: Problem[] = []
  const allowed = tenant.spec.admins.filter((admin, index) => {
    if (!isEverybody(admin)) return true
    const message = `Cannot make "${admin.name}" an admin: it stands for everybody, whatever their tenant`
    problems.push({ reason: 'InvalidSpec', field: `spec.admins[${index}].name`, message })
    return false
  })
  return { problems, allowed }
}

function judgeEgress({ spec }: Tenant) {
  const problems: Problem[] = []
  const allowed = spec.network.egress.filter((range, index) => {
    if (!isMetadata(range)) return true
    const message = `Cannot open "${range.cidr}": it is the metadata service, which hands out the node's credentials`
    problems.push({ reason: 'InvalidSpec', field: `spec.network.egress[${index}].cidr`, message })
    return false
  })
  return { problems, allowed }
}
