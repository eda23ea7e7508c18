import type { Tenant } from '@bulkhead/crds'
import type { Logger } from '@bulkhead/runtime'
import { parseTenantName, realmOf, tenantId, tenantOfIssuer } from '@bulkhead/tenancy'
import type { Host } from '@bulkhead/tenancy'
import type { Store } from '@bulkhead/xds'
import { assembleIdentity } from '../assemble/assemble.ts'
import type { IdentitySettings, IdentityShard } from '../translate/translate.ts'
import { translateIdentity } from '../translate/translate.ts'
import type { EdgeCertificate } from './edge-certificates.ts'
import { secretsFor } from './edge-certificates.ts'

export interface IdentityHostsOptions {
  readonly settings: IdentitySettings
  readonly store: Pick<Store, 'publish'>
  readonly certificates: () => readonly EdgeCertificate[]
  readonly logger: Logger
}

interface Member {
  readonly shard: string
  readonly realm: string
}

/**
 * The platform's identity hosts, one for each shard, and the realms that have a limit of their own there. A tenant's edit
 * changes nothing here; when a realm comes or goes, its shard's one resource is made anew, and a shard has few realms.
 */
export class IdentityHosts {
  readonly #options: IdentityHostsOptions
  readonly #members = new Map<string, Member>()

  constructor(options: IdentityHostsOptions) {
    this.#options = options
  }

  get shards(): readonly string[] {
    return this.#options.settings.shards.map(({ name }) => name)
  }

  /** The hosts that no tenant may have. */
  get hosts(): readonly Host[] {
    return this.#options.settings.shards.map(({ host }) => host)
  }

  /** Takes in what became of a tenant; gives the shards that must be published anew. */
  see(name: string, tenant: Tenant | undefined): readonly string[] {
    const before = this.#members.get(name)
    const now = tenant === undefined ? undefined : this.#memberOf(tenant)
    if (before?.shard === now?.shard && before?.realm === now?.realm) return []
    if (now === undefined) this.#members.delete(name)
    else this.#members.set(name, now)
    return [...new Set([before, now].flatMap((member) => (member === undefined ? [] : [member.shard])))]
  }

  /** Publishes a shard's host. */
  publish(name: string): void {
    const { settings, store, certificates, logger } = this.#options
    const shard = settings.shards.find((each) => each.name === name)
    if (shard === undefined) return
    const realms = [...this.#members.values()].filter((member) => member.shard === name).map(({ realm }) => realm)
    const group = assembleIdentity(translateIdentity(shard, realms, settings))
    store.publish(group.name, [...group.resources, ...secretsFor([shard.host], certificates())])
    logger.info({ shard: name, host: shard.host, realms: realms.length }, 'identity host published')
  }

  // Only the issuer that derives from this very incarnation names its realm: a status is not believed more than that.
  #memberOf({ metadata, spec, status }: Tenant): Member | undefined {
    const name = parseTenantName(metadata.name)
    const issuer = status?.identity?.issuer
    if (name === undefined || issuer === undefined || spec.suspended) return undefined
    const realm = realmOf({ name, id: tenantId(metadata.uid) })
    const isOn = ({ publicUrl }: IdentityShard): boolean => {
      const key = tenantOfIssuer(publicUrl, issuer)
      return key !== undefined && realmOf(key) === realm
    }
    const shard = this.#options.settings.shards.find(isOn)
    return shard === undefined ? undefined : { shard: shard.name, realm }
  }
}
