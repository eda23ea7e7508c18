import { z } from 'zod'

type Issue = z.core.$ZodIssue

/** One sentence per problem: the option, its value unless it may be a secret, and what is allowed. */
export function describeIssues(schema: z.ZodType, value: unknown, issues: readonly Issue[]): readonly string[] {
  return issues.flatMap(expand).map((issue) => describe(schema, value, issue))
}

// Of a union, the branch that came closest says most.
function expand(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const closest = issue.errors.reduce((best, branch) => (branch.length < best.length ? branch : best))
  return closest.flatMap((inner) => expand({ ...inner, path: [...issue.path, ...inner.path] }))
}

function describe(schema: z.ZodType, value: unknown, issue: Issue): string {
  const option = optionName(issue.path)
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => `"${optionName([...issue.path, key])}"`).join(', ')
    const allowed = allowedKeys(schema, issue.path)
    return `unknown option ${keys}${allowed.length === 0 ? '' : `: allowed here are ${allowed.join(', ')}`}`
  }
  // A file of something else, which may be a secret that was named by mistake: nothing of it is shown.
  if (issue.path.length === 0 && issue.code === 'invalid_type') return 'the file holds no options at all'
  const given = valueAt(value, issue.path)
  if (given === undefined) return `option "${option}" is missing: ${issue.message}`
  return `option "${option}" is ${shown(issue.path, given)}: ${issue.message}`
}

function optionName(path: readonly PropertyKey[]): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return name.replace(/^\./, '')
}

const secretName = /(password|passphrase|secret|token|credentials?|key)$/i
const maxShownLength = 200

function shown(path: readonly PropertyKey[], value: unknown): string {
  if (path.some((part) => secretName.test(String(part)))) return '[redacted]'
  // What is nested may hold anything; the options inside it have sentences of their own.
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return JSON.stringify(value).slice(0, maxShownLength)
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current: unknown = value
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined
    current = Object.entries(current).find(([name]) => name === String(part))?.[1]
  }
  return current
}

const described = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
})

function allowedKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let node: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  for (const part of path) {
    const parsed = described.safeParse(node)
    if (!parsed.success) return []
    node = typeof part === 'number' ? parsed.data.items : parsed.data.properties?.[String(part)]
  }
  const parsed = described.safeParse(node)
  return parsed.success ? Object.keys(parsed.data.properties ?? {}) : []
}
