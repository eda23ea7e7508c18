import { z } from 'zod'

const longestProblem = 500

const reportSchema = z.object({
  labels: z.record(z.string(), z.string()).default({}),
  bundles: z
    .record(
      z.string(),
      z.object({
        active_revision: z.string().max(200).optional(),
        code: z.string().optional(),
        message: z.string().optional(),
        errors: z.array(z.unknown()).nullish(),
      }),
    )
    .default({}),
})

/** What one OPA says about its one bundle. */
export interface StatusReport {
  /** The label `instance` of its configuration; else `id`, which OPA makes up anew at every start. */
  readonly id: string | undefined
  readonly activeRevision: string | undefined
  /** Why the latest bundle was not activated. */
  readonly problem: string | undefined
}

/** Reads the body of a status post; undefined when it is none. */
export function parseStatusReport(body: string): StatusReport | undefined {
  const report = reportSchema.safeParse(parseJson(body))
  if (!report.success) return undefined
  const { labels, bundles } = report.data
  const [bundle] = Object.values(bundles)
  return {
    id: labels['instance'] ?? labels['id'],
    activeRevision: bundle?.active_revision === '' ? undefined : bundle?.active_revision,
    problem: bundle?.code === undefined || bundle.code === '' ? undefined : problemText(bundle),
  }
}

function problemText(bundle: { readonly message?: string | undefined; readonly errors?: unknown }): string {
  const first: unknown = Array.isArray(bundle.errors) ? bundle.errors[0] : undefined
  const detail = first === undefined ? '' : `: ${JSON.stringify(first)}`
  return `${bundle.message ?? 'unknown'}${detail}`.slice(0, longestProblem)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
