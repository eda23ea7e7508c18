import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { registeredMetrics } from './registered-metrics.ts'

const root = join(import.meta.dirname, '..')
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const rule = z.strictObject({
  alert: z.string().regex(/^Bulkhead[A-Z][A-Za-z]+$/),
  expr: z.string(),
  for: z
    .string()
    .regex(/^\d+m$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(['info', 'warning', 'critical']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string() }),
})
const rules = z
  .object({
    kind: z.literal('PrometheusRule'),
    spec: z.object({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule).min(1) })) }),
  })
  .parse(parse(text('manifests/monitoring/rules.yaml')))
  .spec.groups.flatMap((group) => group.rules)

const functions = ['absent', 'increase', 'max', 'min', 'rate', 'sum', 'time', 'vector']
const keywords = ['and', 'by', 'on', 'or', 'unless']
const labels = ['condition', 'group', 'instance', 'queue', 'reason', 'resource', 'shard', 'tenant_id', 'wall']

/** What in an expression nobody knows: a metric that is not exported, a misspelt function or label. */
function unknownIn(expr: string): readonly string[] {
  const known = new Set([...registeredMetrics(), ...functions, ...keywords, ...labels])
  const words = expr.replaceAll(/"[^"]*"/g, '').replaceAll(/\[\d+[smhd]\]/g, '')
  return [...words.matchAll(/[A-Za-z_]\w*/g)].map(([word]) => word).filter((word) => !known.has(word))
}

function isBalanced(expr: string): boolean {
  let depth = 0
  for (const sign of expr) {
    if (sign === '(') depth += 1
    if (sign === ')') depth -= 1
    if (depth < 0) return false
  }
  return depth === 0
}

describe('alerts', () => {
  test.each(rules.map(({ alert, expr }) => [alert, expr]))('%s asks for metrics that there are', (_alert, expr) => {
    expect(unknownIn(expr)).toEqual([])
    expect(expr).toMatch(/bulkhead_/)
    expect(isBalanced(expr)).toBe(true)
    // A counter says nothing by itself, and of a gauge there is no increase.
    for (const [, before = '', name = ''] of expr.matchAll(/(\w+\()?(bulkhead_\w+)/g)) {
      expect(before === 'increase(', name).toBe(name.endsWith('_total'))
    }
  })

  test('an expression that asks for what is not there is found', () => {
    expect(unknownIn('sum(bulkhead_leader_leads) > incrase(bulkhead_nothing[5m])')).toEqual([
      'incrase',
      'bulkhead_nothing',
    ])
    expect([isBalanced('(a))('), isBalanced('(a)')]).toEqual([false, true])
  })

  test('each has a section in the guide that says what to do, and the guide has no other', () => {
    const told = [...text('docs/guides/alerts.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name)
    expect(told).toEqual(rules.map(({ alert }) => alert))
  })

  test('what they say names values and labels that the expression gives', () => {
    for (const { alert, expr, annotations } of rules) {
      for (const [, label = ''] of JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)) {
        expect(new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr), `${alert}: ${label}`).toBe(true)
      }
    }
  })
})
