import type { MetricsRegistry } from '../metrics.ts'
import type { HttpAnswer, HttpRoute } from './http-server.ts'

/** One thing that must be so before the process is ready. */
export interface ReadinessCheck {
  readonly name: string
  /** `undefined` when ready, else why not. */
  readonly problem: () => string | undefined
}

/** What `/readyz` tells besides, whether or not the process is ready. */
export type ReadinessNotes = () => Readonly<Record<string, string | boolean | undefined>>

/** `/healthz`, `/readyz` (JSON that names what is not ready, and the notes) and `/metrics`. */
export function healthRoutes(
  checks: readonly ReadinessCheck[],
  metrics: MetricsRegistry,
  notes: ReadinessNotes = () => ({}),
): readonly HttpRoute[] {
  return [
    { method: 'GET', path: '/healthz', handle: () => ({ status: 200, body: 'ok\n' }) },
    { method: 'GET', path: '/readyz', handle: () => readiness(checks, notes) },
    {
      method: 'GET',
      path: '/metrics',
      handle: async () => ({
        status: 200,
        headers: { 'content-type': metrics.contentType },
        body: await metrics.text(),
      }),
    },
  ]
}

function readiness(checks: readonly ReadinessCheck[], notes: ReadinessNotes): HttpAnswer {
  const results = checks.map(({ name, problem }) => ({ name, problem: problem() }))
  const notReady = results.filter((result) => result.problem !== undefined)
  return {
    status: notReady.length === 0 ? 200 : 503,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify({ ready: notReady.length === 0, notReady, ...notes() })}\n`,
  }
}
