import type { Condition, Problem } from '@bulkhead/crds'
import { ownConditionTypes } from '@bulkhead/crds'
import type { Kstatus } from '@bulkhead/crds/testing'
import { kstatus } from '@bulkhead/crds/testing'
import { describe, expect, test } from 'vitest'
import { buildTenant } from '../build/build-tenant.ts'
import { aTenant, aTool, anInput, settings } from '../build/testing/fixtures.ts'
import type { Finding, ObjectRef } from '../model/model.ts'
import { isDifferent, timed, transitionOf } from './difference.ts'
import { objectConditions, tenantCondition } from './status.ts'
import type { Publication, WantedCondition } from './status.ts'

const all: Publication = {
  envoys: { connected: 2, acked: 2 },
  opas: { connected: 2, holding: 2 },
  blame: undefined,
  ageMs: 10,
}
const ref = (kind: ObjectRef['kind'] = 'ToolSet'): ObjectRef => ({ kind, name: 'x', uid: 'uid-x', generation: 3 })
const finding = (fields: Partial<Finding> = {}): Finding => ({
  ref: ref(),
  problems: [],
  isReferenced: true,
  ...fields,
})
const text = (conditions: readonly WantedCondition[]): readonly string[] =>
  conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`)
const programmedAt = (observedGeneration: number): Condition[] => [
  { type: 'Programmed', status: 'True', reason: 'Programmed', message: '', observedGeneration },
]

describe('an object', () => {
  test('that every Envoy accepted is programmed and ready', () => {
    const conditions = objectConditions(finding(), all, [])
    expect(text(conditions)).toEqual(['Accepted=True/Accepted', 'Programmed=True/Programmed', 'Ready=True/Ready'])
    expect(conditions.every(({ observedGeneration }) => observedGeneration === 3)).toBe(true)
  })

  test.each<[string, Partial<Publication>, string]>([
    ['no Envoy is connected', { envoys: { connected: 0, acked: 0 } }, 'False/NoDataPlane'],
    ['an Envoy has not answered yet', { envoys: { connected: 2, acked: 1 } }, 'Unknown/Progressing'],
    ['an Envoy does not answer for 5 s', { envoys: { connected: 2, acked: 1 }, ageMs: 5000 }, 'False/NoAnswer'],
    ['an Envoy refused it', { blame: { uids: new Set(['uid-x']), message: 'no' } }, 'False/EnvoyRejected'],
    ['an Envoy refused another object', { blame: { uids: new Set(['y']), message: 'no' } }, 'False/NotProgrammed'],
  ])('is not ready while %s', (_title, change, expected) => {
    const conditions = text(objectConditions(finding(), { ...all, ...change }, programmedAt(2)))
    expect(conditions[1]).toBe(`Programmed=${expected}`)
    expect(conditions[2]).toBe(`Ready=False/${expected.split('/')[1] ?? ''}`)
  })

  test.each<[ObjectRef['kind'], string]>([
    ['Tool', 'True/Programmed'],
    ['ToolSet', 'True/Programmed'],
    ['Plan', 'Unknown/Progressing'],
    ['AccessPolicy', 'Unknown/Progressing'],
    ['Subscription', 'Unknown/Progressing'],
  ])('of kind %s waits for OPA only where OPA decides', (kind, expected) => {
    const behind = { ...all, opas: { connected: 2, holding: 1 } }
    const found = objectConditions(finding({ ref: ref(kind) }), behind, [])
    expect(text(found)).toContain(`Programmed=${expected}`)
  })

  test('that a policy agent decides on is not programmed without one', () => {
    const without = { ...all, opas: { connected: 0, holding: 0 } }
    expect(text(objectConditions(finding({ ref: ref('Plan') }), without, []))).toContain('Programmed=False/NoDataPlane')
  })

  test('once programmed stays so while Envoys come and go and others are refused', () => {
    for (const change of [
      { envoys: { connected: 0, acked: 0 } },
      { envoys: { connected: 3, acked: 2 }, ageMs: 60_000 },
      { blame: { uids: new Set(['y']), message: 'no' } },
    ]) {
      const [, programmed] = text(objectConditions(finding(), { ...all, ...change }, programmedAt(3)))
      expect(programmed).toBe('Programmed=True/Programmed')
    }
  })

  test('that Envoy refuses is not programmed, whatever it was, and recovers', () => {
    const blame = { uids: new Set(['uid-x']), message: "Envoy's words" }
    const refused = objectConditions(finding(), { ...all, blame }, programmedAt(3))
    expect(refused.find(({ type }) => type === 'Programmed')?.message).toBe("Envoy's words")
    expect(text(refused)).toContain('Stalled=True/EnvoyRejected')
    expect(text(objectConditions(finding(), all, timed(refused, [], '2026-01-01T00:00:00Z')))).toEqual([
      'Accepted=True/Accepted',
      'Programmed=True/Programmed',
      'Ready=True/Ready',
    ])
  })

  test('with problems is neither accepted nor programmed, and says all of them', () => {
    const problems = [
      { reason: 'ToolNotFound' as const, field: 'spec.tools[0]', message: 'Tool "a" does not exist' },
      { reason: 'Conflict' as const, field: 'spec.tools[1]', message: 'taken' },
    ]
    const conditions = objectConditions(finding({ problems }), all, programmedAt(3))
    expect(text(conditions)).toEqual([
      'Accepted=False/ToolNotFound',
      'Programmed=False/ToolNotFound',
      'Ready=False/ToolNotFound',
      'Stalled=True/ToolNotFound',
    ])
    expect(conditions[0]?.message).toBe('spec.tools[0]: Tool "a" does not exist; spec.tools[1]: taken')
  })

  test('that nothing refers to is ready', () => {
    const conditions = objectConditions(finding({ ref: ref('Tool'), isReferenced: false }), all, [])
    expect(text(conditions)).toContain('Programmed=True/NotReferenced')
    expect(text(conditions)).toContain('Ready=True/Ready')
  })

  test('becomes referenced: NotReferenced is no latch', () => {
    const before: Condition[] = [{ ...programmedAt(3)[0]!, reason: 'NotReferenced' }]
    const pending = { ...all, envoys: { connected: 1, acked: 0 } }
    expect(text(objectConditions(finding({ ref: ref('Tool') }), pending, before))).toContain(
      'Programmed=Unknown/Progressing',
    )
  })

  test('of kind Subscription gets one condition only: the others are the operator’s', () => {
    expect(text(objectConditions(finding({ ref: ref('Subscription') }), all, []))).toEqual([
      'Programmed=True/Programmed',
    ])
  })
})

describe('what kstatus makes of an object', () => {
  const problem = (reason: Problem['reason']) => ({ reason, field: 'spec.x', message: 'cannot' })
  const pending: Partial<Publication> = { envoys: { connected: 2, acked: 1 } }
  const blamed: Partial<Publication> = { blame: { uids: new Set(['uid-x']), message: 'no' } }
  test.each<readonly [string, Partial<Finding>, Partial<Publication>, Kstatus]>([
    ['is served is Current', {}, {}, 'Current'],
    ['nothing refers to is Current', { isReferenced: false }, pending, 'Current'],
    ['an Envoy has not answered for is InProgress', {}, pending, 'InProgress'],
    ['an Envoy never answered for is InProgress', {}, { ...pending, ageMs: 60_000 }, 'InProgress'],
    ['no Envoy is there for is InProgress', {}, { envoys: { connected: 0, acked: 0 } }, 'InProgress'],
    ['an Envoy refused is Failed', {}, blamed, 'Failed'],
    ['names what is not there is Failed', { problems: [problem('ToolNotFound')] }, {}, 'Failed'],
    ['has no usable address yet is InProgress', { problems: [problem('BackendNotFound')] }, {}, 'InProgress'],
    [
      'has no usable address and a mistake is Failed',
      { problems: [problem('BackendNotFound'), problem('Conflict')] },
      {},
      'Failed',
    ],
  ])('that %s', (_title, found, change, expected) => {
    const conditions = objectConditions(finding(found), { ...all, ...change }, programmedAt(2))
    const judge = (generation: number) =>
      kstatus({ metadata: { generation }, status: { observedGeneration: 3, conditions } })
    expect(judge(3)).toBe(expected)
    expect(judge(4)).toBe('InProgress')
    const said = conditions.map(({ type }) => type)
    expect(said.filter((type) => type === 'Reconciling' || type === 'Stalled')).toHaveLength(
      expected === 'Current' ? 0 : 1,
    )
    expect(conditions.every(({ type }) => ownConditionTypes('xds-server', 'ToolSet').includes(type))).toBe(true)
  })
})

describe('a Tenant', () => {
  const judge = (tenant: ReturnType<typeof aTenant>, publication: Publication = all): string => {
    const { model, findings } = buildTenant(anInput({ tenant }), settings)
    const found = findings.find(({ ref: { kind } }) => kind === 'Tenant')
    const { status, reason } = tenantCondition(tenant, { model, finding: found }, publication)
    return `${status}/${reason}`
  }
  const conditionsAt = (observedGeneration: number): object[] =>
    ['Granted', 'IdentityReady'].map((type) => ({ type, status: 'True', observedGeneration, reason: 'Ready' }))
  const deletionTimestamp = '2026-01-05T00:00:00Z'
  const withdrawn = aTenant('acme', { deletionTimestamp, status: { granted: { hostnames: [] } } })

  test('is programmed when every Envoy and every OPA has it', () => expect(judge(aTenant())).toBe('True/Programmed'))

  test('waits for OPA', () => {
    expect(judge(aTenant(), { ...all, opas: { connected: 1, holding: 0 } })).toBe('Unknown/Progressing')
  })

  test('is not judged before grants and identity are', () => {
    expect(judge(aTenant('acme', { status: { conditions: conditionsAt(0) } }))).toBe('Unknown/Waiting')
    expect(judge(aTenant('acme', { status: { conditions: [] } }))).toBe('Unknown/Waiting')
  })

  test('without a granted host waits', () => {
    expect(judge(aTenant('acme', { status: { granted: { hostnames: [] } } }))).toBe('False/Waiting')
  })

  test('that goes is withdrawn once no Envoy routes to it, or there is none', () => {
    expect(judge(withdrawn)).toBe('False/Withdrawn')
    expect(judge(withdrawn, { ...all, envoys: { connected: 0, acked: 0 }, ageMs: 30_000 })).toBe('False/Withdrawn')
    expect(judge(withdrawn, { ...all, envoys: { connected: 2, acked: 1 } })).toBe('Unknown/Progressing')
    expect(judge(withdrawn, { ...all, envoys: { connected: 2, acked: 1 }, ageMs: 5000 })).toBe('False/NoAnswer')
  })

  test('that goes is not withdrawn while an Envoy that still routes to it may be about to connect', () => {
    const nobody = { ...all, envoys: { connected: 0, acked: 0 } }
    expect(judge(withdrawn, nobody)).toBe('Unknown/Progressing')
    expect(judge(withdrawn, { ...nobody, ageMs: 29_999 })).toBe('False/NoAnswer')
  })

  test('that is being deleted and still granted is served', () => {
    expect(judge(aTenant('acme', { deletionTimestamp }))).toBe('True/Programmed')
  })
})

describe('differences', () => {
  const wanted = objectConditions(finding(), all, [])
  const types = ownConditionTypes('xds-server', 'ToolSet')

  test('what stands there already is not written again', () => {
    const current = timed(wanted, [], '2026-01-01T00:00:00Z')
    expect(isDifferent(wanted, current, types)).toBe(false)
    expect(isDifferent(wanted, current.slice(1), types)).toBe(true)
  })

  test('a condition that is no longer wanted counts', () => {
    const problems = [{ reason: 'Conflict' as const, field: '', message: 'x' }]
    const stalled = timed(objectConditions(finding({ problems }), all, []), [], '2026-01-01T00:00:00Z')
    expect(isDifferent(wanted, stalled, types)).toBe(true)
  })

  test('the time moves only when the status does', () => {
    const before = timed(wanted, [], '2026-01-01T00:00:00Z')
    const after = timed(wanted, before, '2026-01-02T00:00:00Z')
    expect(after.every(({ lastTransitionTime }) => lastTransitionTime === '2026-01-01T00:00:00Z')).toBe(true)
  })

  test('an event tells a turn once, and nothing of waiting', () => {
    const current = timed(wanted, [], '2026-01-01T00:00:00Z')
    expect(transitionOf(wanted, [])).toMatchObject({ type: 'Normal', reason: 'Ready' })
    expect(transitionOf(wanted, current)).toBeUndefined()
    const refused = objectConditions(finding(), { ...all, blame: { uids: new Set(['uid-x']), message: 'no' } }, current)
    expect(transitionOf(refused, current)).toMatchObject({ type: 'Warning', reason: 'EnvoyRejected' })
    const pending = objectConditions(finding(), { ...all, envoys: { connected: 1, acked: 0 } }, [])
    expect(transitionOf(pending, [])).toBeUndefined()
  })

  test('S-187 what is said of a conflict never names another tenant', () => {
    const { findings } = buildTenant(anInput({ tools: [aTool('a')] }), settings)
    const said = findings.flatMap((each) => objectConditions(each, all, []).map(({ message }) => message))
    expect(said.join('\n')).not.toMatch(/globex|tenant-/)
  })
})
