import type { MetricsRegistry } from '../metrics.ts'
import type { HttpAnswer, HttpRoute } from './http-server.ts'

/** One thing that must be so before the process is ready. */
export interface ReadinessCheck {
  readonly name: string
  /** `undefined` when ready, else why not. */
  readonly problem: () => string | undefined
}

/** `/healthz`, `/readyz` (JSON that names what is not ready) and `/metrics`. */
export function healthRoutes(checks: readonly ReadinessCheck[], metrics: MetricsRegistry): readonly HttpRoute[] {
  return [
    { method: 'GET', path: '/healthz', handle: () => ({ status: 200, body: 'ok\n' }) },
    { method: 'GET', path: '/readyz', handle: () => readiness(checks) },
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

function readiness(checks: readonly ReadinessCheck[]): HttpAnswer {
  const results = checks.map(({ name, problem }) => ({ name, problem: problem() }))
  const notReady = results.filter((result) => result.problem !== undefined)
  return {
    status: notReady.length === 0 ? 200 : 503,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify({ ready: notReady.length === 0, notReady })}\n`,
  }
}
