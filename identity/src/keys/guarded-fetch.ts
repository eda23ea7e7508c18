import { Resolver } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import type { AddressRanges } from '@bulkhead/runtime'

/** Why an address that somebody wrote was not fetched. The words hold nothing of the answer and no address. */
export class FetchRefused extends Error {
  override readonly name = 'FetchRefused'
  /** `forbidden`: it may never be fetched as it is written; `failed`: the other side, and it may work again. */
  readonly kind: 'forbidden' | 'failed'

  constructor(kind: 'forbidden' | 'failed', url: string, why: string, cause?: unknown) {
    super(`Cannot fetch "${url}": ${why}`, { cause })
    this.kind = kind
  }
}

export interface GuardedFetchOptions {
  /** Which addresses may be connected to; `publicAddresses` makes the rules. */
  readonly ranges: AddressRanges
  /** Certificates in PEM that are trusted besides the well-known authorities. */
  readonly trustedCertificates?: readonly string[]
  /** All addresses of a host, in the order to try them. Rejects when there is none. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

export interface FetchLimits {
  readonly maxBytes: number
  /** For everything: the name, the connection, the answer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface GuardedAnswer {
  readonly status: number
  /** What the other side calls its content is not told: it is parsed as what is expected, or refused. */
  readonly body: string
}

export type GuardedFetch = (url: string, limits: FetchLimits) => Promise<GuardedAnswer>

/**
 * Makes the only way by which an address that a person wrote is fetched. HTTPS alone; the name is resolved here and
 * every address of it must be allowed, and the connection goes to an address that was checked, so that a name that
 * changes in between gains nothing. Redirects are refused, the answer is bounded in size and time, nothing is kept open.
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const { ranges, resolve = createResolve(), trustedCertificates = [] } = options
  const ca = trustedCertificates.length === 0 ? undefined : [...rootCertificates, ...trustedCertificates]
  return async (text, { maxBytes, timeoutMs, signal: caller }) => {
    const url = urlOf(text)
    const signal = AbortSignal.any([caller, AbortSignal.timeout(timeoutMs)])
    try {
      const addresses = await checkedAddresses(url, { ranges, resolve, signal })
      return await read(await open(url, { addresses, ca, signal }), { url, maxBytes, signal })
    } catch (error) {
      caller.throwIfAborted()
      if (error instanceof FetchRefused) throw error
      throw new FetchRefused(
        'failed',
        text,
        signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error),
        error,
      )
    }
  }
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const why =
    url?.protocol !== 'https:'
      ? 'want a URL that begins with https://'
      : url.username !== '' || url.password !== ''
        ? 'credentials in a URL are not allowed'
        : undefined
  if (url === undefined || why !== undefined) throw new FetchRefused('forbidden', text, why ?? 'it is no URL')
  return url
}

interface AddressQuestion {
  readonly ranges: AddressRanges
  readonly resolve: (host: string) => Promise<readonly string[]>
  readonly signal: AbortSignal
}

// The URL parser has already written every odd form of an address (`0x7f.1`, `2130706433`) as what it is.
async function checkedAddresses(url: URL, { ranges, resolve, signal }: AddressQuestion): Promise<readonly string[]> {
  const host = hostOf(url)
  const addresses = isIP(host) === 0 ? await beforeAbort(resolve(host), signal) : [host]
  // One that is not allowed spoils all: a host that mixes them is no host to trust.
  if (addresses.length === 0 || !addresses.every((address) => ranges.allows(address))) {
    throw new FetchRefused('forbidden', url.href, 'its address is none that the platform allows')
  }
  return addresses
}

interface Opening {
  readonly addresses: readonly string[]
  /** Undefined: those that Node trusts. */
  readonly ca: string[] | undefined
  readonly signal: AbortSignal
}

function open(url: URL, { addresses, ca, signal }: Opening): Promise<IncomingMessage> {
  const host = hostOf(url)
  // The socket asks this for the name's addresses, and gets those that were checked.
  const lookup: LookupFunction = (_host, { all }, done) => {
    const records = addresses.map((address) => ({ address, family: isIP(address) }))
    const [first = { address: '', family: 4 }] = records
    if (all === true) done(null, records)
    else done(null, first.address, first.family)
  }
  return new Promise((resolve, reject) => {
    request({
      ...{ host, port: url.port === '' ? 443 : Number(url.port), path: `${url.pathname}${url.search}`, method: 'GET' },
      // An agent of its own: no connection is shared, kept, or led through a proxy of the environment.
      ...{ agent: new Agent({ keepAlive: false }), lookup, signal, maxHeaderSize: 16_384 },
      ...{ rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) },
      headers: { host: url.host, accept: 'application/json', 'accept-encoding': 'identity', connection: 'close' },
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
      .once('response', resolve)
      .on('error', reject)
      .end()
  })
}

interface Reading {
  readonly url: URL
  readonly maxBytes: number
  readonly signal: AbortSignal
}

async function read(answer: IncomingMessage, { url, maxBytes, signal }: Reading): Promise<GuardedAnswer> {
  const { statusCode: status = 0, headers } = answer
  const refuse = (why: string) => new FetchRefused('failed', url.href, why)
  try {
    if (status >= 300 && status < 400) throw refuse('it answers with a redirect, and redirects are not followed')
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw refuse('its answer is compressed')
    const chunks: Buffer[] = []
    let size = 0
    const body: AsyncIterable<Buffer> = answer
    for await (const chunk of body) {
      size += chunk.byteLength
      if (size > maxBytes) throw refuse(`its answer is longer than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
    signal.throwIfAborted()
    return { status, body: Buffer.concat(chunks).toString('utf8') }
  } finally {
    answer.destroy()
  }
}

function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/** Asks the machine's name servers: no search list and no hosts file, IPv4 before IPv6. */
function createResolve(): (host: string) => Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  return async (host) => {
    const [ipv4, ipv6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    const found = [ipv4, ipv6].flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
    if (found.length === 0 && ipv4.status === 'rejected') throw ipv4.reason
    return found
  }
}

function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('given up'))
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

// The system's words hold addresses; its code says enough.
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return code === undefined ? 'the connection failed' : `the connection failed (${code})`
}
