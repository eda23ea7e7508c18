import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kinds } from '@bulkhead/crds'
import { kstatus } from '@bulkhead/crds/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { healthScript, judgeStatuses } from '../world/status-judge.ts'

const object = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ generation: z.int(), deletionTimestamp: z.string().optional() }),
  status: z.looseObject({
    observedGeneration: z.int(),
    conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
  }),
})
const fixture = z.object({ argo: z.string(), kstatus: z.string(), object })
type Fixture = z.infer<typeof fixture>

/** Every different status that real objects went through in `e2e/scenarios/status.test.ts`, with what is right to say of it. */
let recorded: readonly Fixture[]
let scratch: string
beforeAll(async () => {
  const text = await readFile(join(import.meta.dirname, 'fixtures/recorded-statuses.jsonl'), 'utf8')
  recorded = text
    .trim()
    .split('\n')
    .map((line) => fixture.parse(JSON.parse(line)))
  scratch = await mkdtemp(join(tmpdir(), 'bulkhead-lua-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** What nobody meets in a minute's scenario: kind, state, conditions, and what Argo CD and kstatus make of it. */
const rare: readonly (readonly [kind: string, state: string, conditions: string, argo: string, kstatus: string])[] = [
  ['Tool', 'without an Envoy', 'Ready=False/NoDataPlane Reconciling=True/Progressing', 'Progressing', 'InProgress'],
  ['ToolSet', 'that an Envoy refused', 'Ready=False/EnvoyRejected Stalled=True/EnvoyRejected', 'Degraded', 'Failed'],
  [
    'Tool',
    'without a backend',
    'Ready=False/BackendNotFound Reconciling=True/Progressing',
    'Progressing',
    'InProgress',
  ],
  [
    'AccessPolicy',
    'without its target',
    'Ready=False/TargetNotFound Stalled=True/TargetNotFound',
    'Degraded',
    'Failed',
  ],
  [
    'Plan',
    'that no OPA has taken up',
    'Ready=False/NoAnswer Reconciling=True/Progressing',
    'Progressing',
    'InProgress',
  ],
  ['Subscription', 'that has ended', 'Ready=False/Expired Stalled=True/Expired', 'Degraded', 'Failed'],
  ['Subscription', 'that is suspended', 'Ready=False/Suspended', 'Suspended', 'InProgress'],
  ['Tenant', 'with old keys', 'JwksStale=True/JwksStale Ready=True/Ready', 'Healthy', 'Current'],
  ['Tenant', 'suspended with a mistake', 'Ready=False/Suspended Stalled=True/NameTaken', 'Degraded', 'Failed'],
  [
    'Tenant',
    'without Keycloak',
    'Ready=False/IdentityProviderUnavailable Reconciling=True/Progressing',
    ...(['Progressing', 'InProgress'] as const),
  ],
  ['Tenant', 'that may be ready', 'Ready=Unknown/Waiting', 'Progressing', 'InProgress'],
]

function objectWith(kind: string, conditions: string): z.infer<typeof object> {
  return object.parse({
    apiVersion: 'bulkhead.dev/v1alpha1',
    kind,
    metadata: { name: 'x', generation: 3 },
    status: {
      observedGeneration: 3,
      conditions: conditions.split(' ').map((text) => {
        const [, type, status, reason] = /^(\w+)=(\w+)\/(\w+)$/.exec(text) ?? []
        return { type, status, reason, message: 'why', observedGeneration: 3 }
      }),
    },
  })
}
const rareOf = ([kind, , conditions]: (typeof rare)[number]) => objectWith(kind, conditions)

async function argo(objects: readonly object[], script = healthScript): Promise<readonly string[]> {
  return (await judgeStatuses(objects, script)).map((judged) => judged.argo.status)
}

describe('Argo CD and kstatus', () => {
  test('say of every recorded status what is right', async () => {
    expect(recorded.length).toBeGreaterThan(40)
    const judged = await judgeStatuses(recorded.map((each) => each.object))
    expect(judged.map((each) => ({ argo: each.argo.status, kstatus: each.kstatus.status }))).toEqual(
      recorded.map((each) => ({ argo: each.argo, kstatus: each.kstatus })),
    )
    for (const { argo: said } of judged) expect(said.message).not.toBe('')
  })

  test.each(Object.values(kinds).map(({ kind }) => kind))('%s was recorded from unseen to healthy', (kind) => {
    const mine = recorded.filter((each) => each.object.kind === kind)
    expect(mine.some((each) => each.object.status.observedGeneration === -1 && each.argo === 'Progressing')).toBe(true)
    expect(mine.some((each) => each.argo === 'Healthy')).toBe(true)
  })

  test('every health that means something was recorded', () => {
    expect(new Set(recorded.map((each) => each.argo))).toEqual(
      new Set(['Healthy', 'Progressing', 'Degraded', 'Suspended']),
    )
    expect(new Set(recorded.map((each) => each.kstatus))).toEqual(
      new Set(['Current', 'InProgress', 'Failed', 'Terminating']),
    )
  })

  test.each(rare)('%s %s', async (...sample) => {
    const [judged] = await judgeStatuses([rareOf(sample)])
    expect([judged?.argo.status, judged?.kstatus.status]).toEqual(sample.slice(3))
  })

  test('our own rules of kstatus are those of kstatus', async () => {
    const all = [...recorded.map((each) => each.object), ...rare.map(rareOf)]
    const judged = await judgeStatuses(all)
    expect(all.map((each) => kstatus(each))).toEqual(judged.map((each) => each.kstatus.status))
  })
})

describe('a broken health script', () => {
  const broken = async (change: (text: string) => string): Promise<string> => {
    const text = await readFile(healthScript, 'utf8')
    const path = join(scratch, `${crypto.randomUUID()}.lua`)
    await writeFile(path, change(text))
    return path
  }

  test.each<readonly [string, (text: string) => string]>([
    ['that looks at no generation', (text) => text.replace('status.observedGeneration ~=', 'false and 0 ~=')],
    ['that knows no suspension', (text) => text.replace('ready.reason == "Suspended"', 'false')],
    ['that knows no mistake', (text) => text.replace('found.Stalled ~= nil', 'false')],
    ['that knows no work', (text) => text.replace('found.Reconciling ~= nil', 'false')],
    ['that calls all healthy', () => 'return { status = "Healthy", message = "" }'],
  ])('%s is found out by the fixtures', async (_title, change) => {
    const said = await argo([...recorded.map((each) => each.object), ...rare.map(rareOf)], await broken(change))
    expect(said).not.toEqual([...recorded.map((each) => each.argo), ...rare.map(([, , , health]) => health)])
  })

  test.each([
    ['reads files', 'local file = io.open("/etc/hostname") return { status = "Healthy", message = file:read() }'],
    ['loads code', 'dofile("/etc/hostname")'],
    ['runs programs', 'os.execute("true") return { status = "Healthy", message = "" }'],
    ['needs a library that Argo CD does not give', 'return { status = "Healthy", message = string.upper("x") }'],
    ['never ends', 'while true do end'],
    ['gives a health that Argo CD does not know', 'return { status = "Fine", message = "" }'],
    ['gives nothing', 'local x = 1'],
    ['is no Lua', 'return {'],
  ])('that %s is refused', async (_title, text) => {
    const script = await broken(() => text)
    const [first] = recorded
    await expect(judgeStatuses([first?.object ?? {}], script)).rejects.toThrow('status-judge')
  })
})

test.each<readonly [string, object, string]>([
  ['that Argo CD has judged is what it found', { status: { health: { status: 'Degraded' } } }, 'Degraded'],
  ['that nobody has judged yet is waited for', {}, 'Progressing'],
])('an Application %s', async (_title, state, health) => {
  const application = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'x' }, ...state }
  expect(await argo([application], join(healthScript, '../application.lua'))).toEqual([health])
})

test.each([
  ['Deleting', 'Deleting: why'],
  ['DeletionHeld', 'DeletionHeld: why'],
  ['Ready', 'Pending deletion'],
])('what is deleted is progressing, and its message says how far it is: %s', async (reason, message) => {
  const sample = objectWith('Tenant', `Ready=False/${reason}`)
  const [judged] = await judgeStatuses([
    { ...sample, metadata: { ...sample.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
  ])
  expect(judged).toMatchObject({ argo: { status: 'Progressing', message }, kstatus: { status: 'Terminating' } })
})
