import { createHash } from 'node:crypto'
import type { Problem, Tenant } from '@bulkhead/crds'
import { isForbidden } from '@bulkhead/runtime'
import type { Clock, KubeClient, KubeObject, Logger, Metrics } from '@bulkhead/runtime'
import { createSlots } from '../resolve/slots.ts'
import { timeProblem } from './check.ts'
import type { Checked, HostCertificate } from './check.ts'
import type { EdgeCertificate } from './edge-certificate.ts'
import { certificateReferences } from './references.ts'
import type { CertificateReference } from './references.ts'
import { checkSecret, secretKind } from './secret-object.ts'

export interface HostCertificatesOptions {
  readonly client: Pick<KubeClient, 'find'>
  /** Called with a tenant when what is served for one of its hosts changes, or what is to be said of it. */
  readonly onChange: (tenant: string) => void
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signal: AbortSignal
}

/** What is known of a tenant's certificates now. */
export interface TenantCertificates {
  readonly usable: readonly EdgeCertificate[]
  readonly problems: readonly Problem[]
  /** Hosts whose Secret was never read. */
  readonly pending: readonly string[]
}

type Seen = Checked | { readonly kind: 'unread' | 'missing' | 'forbidden' }

interface Followed {
  readonly tenant: string
  readonly reference: CertificateReference
  readonly ended: AbortController
  seen: Seen
  /** Of the Secret as it was seen: one that stands as it stood is not read into again. */
  version: string | undefined
  /** The last that could be used before. */
  lastGood: HostCertificate | undefined
  /** Envoy's words for what it refused, by the digest of the certificate. */
  readonly refused: Map<string, string>
  /** What was told of it last. */
  told: string
}

const missing: Seen = { kind: 'missing' }
const nothing: TenantCertificates = { usable: [], problems: [], pending: [] }
const readEveryMs = 10_000
// Whoever mends a Secret waits for this, and so does a start whose reads fail.
const readUnusableEveryMs = 2_000
// With more Secrets than fit into that, each is read less often: the API server is asked so much and no more.
const leastPauseMs = 20
const reads = { count: 8, countPerOwner: 2 }
const readTimeoutMs = 5_000
const longestQuote = 300
const insteadOf = {
  none: "only a certificate of the platform's own that stands for the host is served",
  lastGood: 'the last good certificate is served until it ends',
  refused: 'Envoys that have another one keep it',
}

/**
 * Keeps the certificates of every host whose Tenant names a Secret. Secrets are read one by one and by name, again and
 * again, which is the only right there is to them: to list or watch would be a right to every Secret.
 */
export class HostCertificates {
  readonly #options: HostCertificatesOptions
  readonly #byTenant = new Map<string, { readonly uid: string; readonly hosts: ReadonlyMap<string, Followed> }>()
  readonly #slots = createSlots(reads)
  readonly #outcomes
  #count = 0

  constructor(options: HostCertificatesOptions) {
    this.#options = options
    this.#outcomes = options.metrics.counter({
      name: 'bulkhead_edge_certificate_reads_total',
      help: "Reads of Secrets that hold hosts' certificates, by outcome",
      labels: ['outcome'],
    })
  }

  /** Follows what a Tenant names from now on, and nothing else of it; says what is known. */
  want(tenant: Tenant): TenantCertificates {
    const { name, uid } = tenant.metadata
    const before = this.#byTenant.get(name)
    const known = before?.uid === uid ? before.hosts : new Map<string, Followed>()
    const references = certificateReferences(tenant)
    const hosts = new Map(references.map((each) => [each.host as string, this.#follow(name, each, known)]))
    for (const followed of before?.hosts.values() ?? [])
      if (hosts.get(followed.reference.host) !== followed) this.#end(followed)
    if (hosts.size === 0) this.#byTenant.delete(name)
    else this.#byTenant.set(name, { uid, hosts })
    return this.of(name)
  }

  /** Follows nothing of a tenant any more. */
  forget(tenant: string): void {
    for (const followed of this.#byTenant.get(tenant)?.hosts.values() ?? []) this.#end(followed)
    this.#byTenant.delete(tenant)
  }

  /** What is known of a tenant's certificates. */
  of(tenant: string): TenantCertificates {
    const followed = [...(this.#byTenant.get(tenant)?.hosts.values() ?? [])]
    if (followed.length === 0) return nothing
    return {
      usable: followed.flatMap((each) => edgeCertificate(each, this.#usable(each))),
      problems: followed.flatMap((each) => this.#problem(each) ?? []),
      pending: followed.filter(({ seen }) => seen.kind === 'unread').map(({ reference }) => reference.host),
    }
  }

  /** Takes in that an Envoy refused what is served for a host, and why; what was good before takes its place. */
  refuse(tenant: string, host: string, words: string): void {
    const clean = words.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, longestQuote)
    this.#options.logger.warn({ tenant, host, words: clean }, 'an Envoy refused the certificate of a host')
    const followed = this.#byTenant.get(tenant)?.hosts.get(host)
    if (followed === undefined) return
    const refused = this.#usable(followed)
    if (refused === undefined) return
    followed.refused.set(digestOf(refused), clean)
    this.#tell(followed)
  }

  #follow(tenant: string, reference: CertificateReference, known: ReadonlyMap<string, Followed>): Followed {
    const before = known.get(reference.host)
    if (before !== undefined && JSON.stringify(before.reference) === JSON.stringify(reference)) return before
    // Another Secret for the same host: until it can be used, what was good stays.
    const lastGood = before && this.#usable(before)
    const ended = new AbortController()
    const unread = { seen: { kind: 'unread' }, version: undefined, told: '' } as const
    const followed: Followed = { tenant, reference, ended, ...unread, lastGood, refused: new Map() }
    this.#count += 1
    void this.#run(followed)
    return followed
  }

  #end({ ended }: Followed): void {
    this.#count -= 1
    ended.abort(new Error('Nobody wants this certificate any more'))
  }

  /** Never rejects. */
  async #run(followed: Followed): Promise<void> {
    const { clock, random } = this.#options
    const signal = AbortSignal.any([this.#options.signal, followed.ended.signal])
    const hasEnded = (): boolean => signal.aborted
    while (!hasEnded()) {
      const seen = await this.#read(followed, signal)
      if (hasEnded()) return
      this.#take(followed, seen)
      const isFine = seen.kind === 'good' && this.#problem(followed) === undefined
      const everyMs = isFine ? readEveryMs : readUnusableEveryMs
      const pauseMs = Math.max(everyMs, this.#count * leastPauseMs) * (0.9 + 0.2 * random())
      await clock.sleep(pauseMs, signal).catch(() => undefined) // only the abort rejects
    }
  }

  async #read(followed: Followed, signal: AbortSignal): Promise<Seen> {
    const { tenant, reference, seen } = followed
    const { namespace, secret: name, host } = reference
    const release = await this.#slots.take(() => [tenant], signal).catch(() => undefined) // only the abort rejects
    if (release === undefined) return seen
    try {
      const call = { signal, timeoutMs: readTimeoutMs }
      const raw = await this.#options.client.find({ kind: secretKind, namespace, name }, call)
      const found = raw === undefined ? missing : understand(followed, raw)
      this.#outcomes.add({ outcome: found.kind })
      return found
    } catch (error) {
      const isMissingRight = isForbidden(error)
      this.#outcomes.add({ outcome: isMissingRight ? 'forbidden' : 'failed' })
      this.#options.logger.debug({ tenant, host, secret: name, err: error }, 'certificate was not read')
      // What was read before stays as good as it was.
      return isMissingRight && seen.kind === 'unread' ? { kind: 'forbidden' } : seen
    } finally {
      release()
    }
  }

  #take(followed: Followed, seen: Seen): void {
    if (seen.kind === 'unread') return
    const before = this.#usable(followed)
    followed.seen = seen
    if (before !== undefined && !(seen.kind === 'good' && seen.certificate.cert === before.cert))
      followed.lastGood = before
    const held = new Set([seen.kind === 'good' ? digestOf(seen.certificate) : '', digestOf(followed.lastGood)])
    for (const digest of followed.refused.keys()) if (!held.has(digest)) followed.refused.delete(digest)
    this.#tell(followed)
  }

  #tell(followed: Followed): void {
    const problem = this.#problem(followed)
    const told = JSON.stringify([digestOf(this.#usable(followed)), problem])
    if (told === followed.told) return
    followed.told = told
    const { tenant, reference } = followed
    const { host, secret } = reference
    const { logger, onChange } = this.#options
    if (problem === undefined) logger.info({ tenant, host, secret }, 'certificate of a host is in use')
    else logger.warn({ tenant, host, secret, problem: problem.message }, 'certificate of a host cannot be used')
    onChange(tenant)
  }

  // One that an Envoy refused is better than none: those that have another keep it.
  #usable({ seen, lastGood, refused }: Followed): HostCertificate | undefined {
    const nowMs = this.#options.clock.now()
    const candidates = [seen.kind === 'good' ? seen.certificate : undefined, lastGood]
    const valid = candidates.filter((each) => each !== undefined && timeProblem(each, nowMs) === undefined)
    return valid.find((each) => !refused.has(digestOf(each))) ?? valid[0]
  }

  #problem(followed: Followed): Problem | undefined {
    const { seen, reference } = followed
    const flaw = flawOf(followed, this.#options.clock.now())
    if (flaw === undefined) return undefined
    const usable = this.#usable(followed)
    const isLastGood = usable !== undefined && !(seen.kind === 'good' && seen.certificate === usable)
    const instead = usable === undefined ? insteadOf.none : isLastGood ? insteadOf.lastGood : insteadOf.refused
    const message = `Secret "${reference.secret}" ${flaw.words}; ${instead}`
    return { reason: flaw.reason, field: reference.field, message }
  }
}

function understand(followed: Followed, raw: KubeObject): Seen {
  const { seen, version, reference } = followed
  followed.version = raw.metadata.resourceVersion
  const isSame = version !== undefined && followed.version === version && seen.kind !== 'missing'
  return isSame ? seen : checkSecret(raw, reference.host)
}

function flawOf(
  { seen, refused }: Followed,
  nowMs: number,
): { readonly reason: Problem['reason']; readonly words: string } | undefined {
  switch (seen.kind) {
    case 'unread':
      return undefined
    case 'missing':
      return { reason: 'SecretNotFound', words: "does not exist in the tenant's namespace" }
    case 'forbidden':
      return { reason: 'Waiting', words: 'may not be read yet: the operator has not made the right to it' }
    case 'bad':
      return { reason: 'CertificateInvalid', words: seen.problem }
    case 'good': {
      const quote = refused.get(digestOf(seen.certificate))
      const refusal = quote === undefined ? undefined : `holds a certificate that an Envoy refused: ${quote}`
      const words = timeProblem(seen.certificate, nowMs) ?? refusal
      return words === undefined ? undefined : { reason: 'CertificateInvalid', words }
    }
  }
}

function edgeCertificate({ reference }: Followed, found: HostCertificate | undefined): readonly EdgeCertificate[] {
  return found === undefined ? [] : [{ hosts: [reference.host], cert: found.cert, key: found.key.reveal() }]
}

function digestOf(certificate: HostCertificate | undefined): string {
  return certificate === undefined ? '' : createHash('sha256').update(certificate.cert).digest('hex')
}
