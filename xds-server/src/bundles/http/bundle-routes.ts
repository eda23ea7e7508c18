import type { Clock, HttpAnswer, HttpRequest, HttpRoute } from '@bulkhead/runtime'
import type { BundleSource } from '../content/bundle-source.ts'
import type { Instances, OpaInstance } from './instances.ts'
import { parsePrefer } from './prefer.ts'
import { parseStatusReport } from './status-report.ts'

/** OPA sends this with every request, by its configuration: which of the fleet's OPAs it is. */
export const instanceHeader = 'x-opa-instance'

// The agent that we build says so. Any other recompiles the policy in use when it takes up a delta, under the decisions
// that are being made, and ends by it: it gets everything each time.
const takesDeltas = /^Open Policy Agent\/\S+-bulkhead /

const bundleType = 'application/vnd.openpolicyagent.bundles'
const longestId = 100

export interface BundleRoutesOptions {
  readonly fleet: string
  readonly source: BundleSource
  readonly instances: Instances
  readonly clock: Clock
  /** An OPA says something about itself that we did not know. */
  readonly onNews: (instance: OpaInstance) => void
}

/** The two things that OPA asks of us: its bundle, and an ear for its status. */
export function bundleRoutes(options: BundleRoutesOptions): readonly HttpRoute[] {
  const guarded = (handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>) => (request: HttpRequest) =>
    isOpaOfFleet(request, options.fleet) ? handle(request) : { status: 403, body: 'forbidden\n' }
  const onStatus = guarded((request) => takeStatus(options, request))
  return [
    {
      method: 'GET',
      path: `/bundles/${options.fleet}.tar.gz`,
      handle: guarded((request) => giveBundle(options, request)),
    },
    { method: 'POST', path: '/status', handle: onStatus },
    // OPA puts its partition's name behind a slash, also when it has none.
    { method: 'POST', path: '/status/', handle: onStatus },
  ]
}

// Exactly one identity: a certificate that names two is not of our making.
function isOpaOfFleet({ peerUris }: HttpRequest, fleet: string): boolean {
  return peerUris.length === 1 && peerUris[0] === `spiffe://bulkhead/fleet/${fleet}/opa`
}

async function giveBundle(options: BundleRoutesOptions, request: HttpRequest): Promise<HttpAnswer> {
  const held = heldRevision(request)
  const id = instanceOf(request)
  if (id === undefined) return answerPoll(options, request, held)
  const poll = options.instances.pollStarted(id, held, options.clock.now())
  try {
    if (poll.isNews) options.onNews(poll.instance)
    return await answerPoll(options, request, held)
  } finally {
    poll.ended(options.clock.now())
  }
}

async function answerPoll(
  { source, clock, instances }: BundleRoutesOptions,
  request: HttpRequest,
  held: string | undefined,
): Promise<HttpAnswer> {
  const { headers, signal } = request
  const { acceptsDelta, waitMs } = parsePrefer(headers.prefer)
  const isSafe = takesDeltas.test(headers['user-agent'] ?? '')
  if (waitMs > 0 && !source.hasNews(held)) await waitForNews(source, clock, { held, waitMs, signal })
  if (!source.isOpen || signal.aborted) return { status: 503, body: 'no complete data yet\n' }
  if (!source.hasNews(held)) return { status: 304, headers: { 'content-type': bundleType, etag: `"${held ?? ''}"` } }
  // Who could not take up the last bundle would fail at the same changes again and again: it gets everything.
  const isHealthy = !instances.hasProblem(instanceOf(request))
  const { revision, bytes } = await source.bundleFor(held, acceptsDelta && isSafe && isHealthy)
  return {
    status: 200,
    headers: { 'content-type': bundleType, 'cache-control': 'no-store', etag: `"${revision}"` },
    body: bytes,
  }
}

interface Patience {
  readonly held: string | undefined
  readonly waitMs: number
  readonly signal: AbortSignal
}

async function waitForNews(source: BundleSource, clock: Clock, { held, waitMs, signal }: Patience): Promise<void> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const timeout = clock.sleep(waitMs, either).then(
    () => over.abort(),
    () => undefined,
  )
  while (!either.aborted && !source.hasNews(held)) await source.nextChange(either)
  over.abort()
  await timeout
}

function takeStatus({ instances, clock, onNews }: BundleRoutesOptions, request: HttpRequest): HttpAnswer {
  const report = parseStatusReport(request.body.toString('utf8'))
  const id = instanceOf(request) ?? report?.id
  if (report === undefined || id === undefined) return { status: 400, body: 'not a status report\n' }
  const instance = { id: id.slice(0, longestId), revision: report.activeRevision, problem: report.problem }
  if (instances.reported(instance, clock.now())) onNews(instance)
  return { status: 204 }
}

function instanceOf({ headers }: HttpRequest): string | undefined {
  const value = headers[instanceHeader]
  return typeof value === 'string' && value !== '' ? value.slice(0, longestId) : undefined
}

function heldRevision({ headers }: HttpRequest): string | undefined {
  const tag = headers['if-none-match']?.replace(/^"(.*)"$/, '$1')
  return tag === '' ? undefined : tag
}
