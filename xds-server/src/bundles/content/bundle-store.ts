import { createHash } from 'node:crypto'
import { compareText } from '../../model/compare-text.ts'
import { canonicalJson } from './canonical-json.ts'
import { ContentDigest } from './content-digest.ts'
import type { BundleOperation, RateLimitData, TenantData } from '../data.ts'
import { dataPath, mergeChanges } from './patch.ts'
import type { PathChange } from './patch.ts'
import { revisionText } from './revision.ts'

interface HeldTenant {
  readonly issuer: string
  readonly text: string
}

interface Patch {
  readonly fromDigest: string
  readonly changes: readonly PathChange[]
  readonly size: number
}

export interface BundleStoreOptions {
  /** The Rego; its digest is part of the revision, since it travels in the snapshot. */
  readonly policy: string
  readonly pool: RateLimitData
  /** Names this process in revisions: lower-case letters and digits. */
  readonly incarnation: string
  readonly maxPatches: number
  readonly maxPatchCharacters: number
}

/** The data under `bulkhead`, as text per tenant, its revision, and the latest changes. No I/O. */
export class BundleStore {
  readonly #options: BundleStoreOptions
  readonly #tenants = new Map<string, HeldTenant>()
  readonly #issuers = new Map<string, string>()
  readonly #digest = new ContentDigest()
  readonly #patches: Patch[] = []
  #patchCharacters = 0
  #poolText: string
  #sequence = 0
  #digestText: string

  constructor(options: BundleStoreOptions) {
    this.#options = options
    this.#poolText = canonicalJson(options.pool)
    this.#digest.set('policy', createHash('sha256').update(options.policy).digest('hex'))
    this.#digest.set('pool', this.#poolText)
    this.#digestText = this.#digest.value()
  }

  revision(): string {
    return revisionText({
      incarnation: this.#options.incarnation,
      sequence: this.#sequence,
      digest: this.#digestText,
    })
  }

  /** True when a bundle of this content digest is what there is now. */
  isCurrent(digest: string): boolean {
    return digest === this.#digestText
  }

  /** Makes the edits together and returns the revision that holds them; edits that change nothing keep the revision. */
  apply(operations: readonly BundleOperation[]): string {
    const changes = mergeChanges(operations.map((operation) => this.#applyOne(operation)))
    if (changes.length > 0) this.#record(changes)
    return this.revision()
  }

  /** What has to be done to a bundle of this content digest to make it current; undefined when that is too long ago. */
  changesSince(digest: string): readonly PathChange[] | undefined {
    const start = this.#patches.findLastIndex((patch) => patch.fromDigest === digest)
    if (start === -1) return undefined
    return mergeChanges(this.#patches.slice(start).map((patch) => patch.changes))
  }

  /** All data as JSON, in pieces; equal content gives equal text. */
  snapshotJson(): readonly string[] {
    const issuers = [...this.#issuers].sort(([left], [right]) => compareText(left, right))
    const tenants = [...this.#tenants].sort(([left], [right]) => compareText(left, right))
    return [
      // The empty object stands where the policy's rules are. Before each activation OPA asks the store, once per rule,
      // what data stands there; finding nothing, it would copy everything under the root: seconds at 10,000 tenants.
      `{"bulkhead":{"authz":{},"issuers":{${issuers.map(([issuer, id]) => member(issuer, JSON.stringify(id))).join(',')}}`,
      `,"pool":${this.#poolText},"tenants":{`,
      ...tenants.map(([id, { text }], index) => `${index === 0 ? '' : ','}${member(id, text)}`),
      '}}}',
    ]
  }

  #applyOne(operation: BundleOperation): readonly PathChange[] {
    switch (operation.kind) {
      case 'upsertTenant':
        return this.#upsert(operation.id, operation.tenant)
      case 'removeTenant':
        return this.#remove(operation.id)
      case 'setPool':
        return this.#setPool(operation.pool)
    }
  }

  #upsert(id: string, tenant: TenantData): readonly PathChange[] {
    const held = this.#tenants.get(id)
    const text = canonicalJson(tenant)
    if (held?.text === text) return []
    const released = held !== undefined && held.issuer !== tenant.issuer ? this.#releaseIssuer(id, held.issuer) : []
    this.#tenants.set(id, { issuer: tenant.issuer, text })
    this.#digest.set(`tenant/${id}`, text)
    return [
      ...released,
      ...this.#takeIssuer(id, tenant.issuer),
      { path: dataPath('bulkhead', 'tenants', id), existed: held !== undefined, text },
    ]
  }

  #remove(id: string): readonly PathChange[] {
    const held = this.#tenants.get(id)
    if (held === undefined) return []
    this.#tenants.delete(id)
    this.#digest.delete(`tenant/${id}`)
    const path = dataPath('bulkhead', 'tenants', id)
    return [...this.#releaseIssuer(id, held.issuer), { path, existed: true, text: undefined }]
  }

  #setPool(pool: RateLimitData): readonly PathChange[] {
    const text = canonicalJson(pool)
    if (text === this.#poolText) return []
    this.#poolText = text
    this.#digest.set('pool', text)
    return [{ path: dataPath('bulkhead', 'pool'), existed: true, text }]
  }

  // An issuer belongs to whoever had it first: a second tenant that names it gets no caller at all, for its tokens
  // then belong to another tenant than its host.
  #takeIssuer(id: string, issuer: string): readonly PathChange[] {
    if (this.#issuers.has(issuer)) return []
    this.#issuers.set(issuer, id)
    this.#digest.set(`issuer/${issuer}`, id)
    return [{ path: dataPath('bulkhead', 'issuers', issuer), existed: false, text: JSON.stringify(id) }]
  }

  #releaseIssuer(id: string, issuer: string): readonly PathChange[] {
    if (this.#issuers.get(issuer) !== id) return []
    this.#issuers.delete(issuer)
    this.#digest.delete(`issuer/${issuer}`)
    return [{ path: dataPath('bulkhead', 'issuers', issuer), existed: true, text: undefined }]
  }

  #record(changes: readonly PathChange[]): void {
    const size = changes.reduce((sum, change) => sum + change.path.length + (change.text?.length ?? 0), 0)
    this.#patches.push({ fromDigest: this.#digestText, changes, size })
    this.#patchCharacters += size
    this.#sequence += 1
    this.#digestText = this.#digest.value()
    while (
      this.#patches.length > this.#options.maxPatches ||
      this.#patchCharacters > this.#options.maxPatchCharacters
    ) {
      this.#patchCharacters -= this.#patches.shift()?.size ?? 0
    }
  }
}

function member(key: string, json: string): string {
  return `${JSON.stringify(key)}:${json}`
}
