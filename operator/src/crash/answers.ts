import { setTimeout as sleep } from 'node:timers/promises'
import type { WireCall } from './effects.ts'
import type { FakeAnswer, Verdict } from './wire.ts'

/** A way in which an answer is not what it should be. */
export interface Spoiling {
  readonly title: string
  readonly verdictOf: (call: WireCall) => Verdict
}

const html = { 'content-type': 'text/html; charset=utf-8' }
const json = { 'content-type': 'application/json' }
const page = '<!doctype html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>'

const always = (fake: FakeAnswer) => (): Verdict => ({ kind: 'answer', ...fake })

// As each of them would say it.
function refusing(status: number, reason: string, headers: Readonly<Record<string, string>> = {}) {
  return ({ peer }: WireCall): Verdict => {
    const told = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason,
      code: status,
      message: reason,
    }
    const body = peer === 'kubernetes' ? told : { errorMessage: reason }
    return { kind: 'answer', status, headers: { ...json, ...headers }, body: JSON.stringify(body) }
  }
}

const refusals: readonly Spoiling[] = [
  { title: '409', verdictOf: refusing(409, 'Conflict') },
  { title: '429, Retry-After', verdictOf: refusing(429, 'TooManyRequests', { 'retry-after': '1' }) },
  { title: '500', verdictOf: refusing(500, 'InternalError') },
  { title: '503', verdictOf: refusing(503, 'ServiceUnavailable', { 'retry-after': '1' }) },
]

/** What can become of a write, but for those that hold it back: see `createSpoiler`. */
export const spoiledWrites: readonly Spoiling[] = [
  { title: 'it was done twice', verdictOf: () => ({ kind: 'twice' }) },
  { title: 'it was done, and the answer is lost', verdictOf: () => ({ kind: 'lose' }) },
  { title: 'it was done, and the answer ends in the middle', verdictOf: () => ({ kind: 'truncate' }) },
  ...refusals,
  { title: 'a page with 200', verdictOf: always({ status: 200, headers: html, body: page }) },
  { title: 'a page with 404', verdictOf: always({ status: 404, headers: html, body: page }) },
  { title: 'a page with 409', verdictOf: always({ status: 409, headers: html, body: page }) },
  { title: 'a page with 502', verdictOf: always({ status: 502, headers: html, body: page }) },
]

/** What can be said instead of what there is. None of it says that something is gone. */
export const spoiledReads: readonly Spoiling[] = [
  { title: 'a page with 404', verdictOf: always({ status: 404, headers: html, body: page }) },
  {
    title: 'JSON of somebody else with 404',
    verdictOf: always({ status: 404, headers: json, body: '{"error":"no such host"}' }),
  },
  { title: 'a page with 200', verdictOf: always({ status: 200, headers: html, body: page }) },
  { title: 'nothing with 200', verdictOf: always({ status: 200, headers: json, body: '' }) },
  { title: 'an empty object with 200', verdictOf: always({ status: 200, headers: json, body: '{}' }) },
  { title: '403', verdictOf: refusing(403, 'Forbidden') },
  { title: 'a page with 502', verdictOf: always({ status: 502, headers: html, body: page }) },
  { title: 'an answer that ends in the middle', verdictOf: () => ({ kind: 'truncate' }) },
  { title: 'no answer', verdictOf: () => ({ kind: 'refuse' }) },
]

const lateMs = 300

/** What can become of a read: the same, and all that says nothing of what there is. */
export const answersOfReads: readonly Spoiling[] = [
  ...spoiledReads,
  ...refusals,
  { title: 'the answer is late', verdictOf: () => ({ kind: 'pass', after: sleep(lateMs, undefined) }) },
  { title: 'it was asked twice', verdictOf: () => ({ kind: 'twice' }) },
  { title: 'the answer is lost', verdictOf: () => ({ kind: 'lose' }) },
]
