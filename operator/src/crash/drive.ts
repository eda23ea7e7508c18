import { setTimeout as sleep } from 'node:timers/promises'
import { kinds, parserOf, plan as planSchema, toolSet as toolSetSchema } from '@bulkhead/crds'
import type { KubeClient, KubeKind } from '@bulkhead/runtime'
import { namespaceOf, parseTenantName } from '@bulkhead/tenancy'
import type { z } from 'zod'
import { readSubscription, readTenant } from '../facts.ts'
import type { TenantFacts } from '../facts.ts'
import type { Outcome } from '../outcome.ts'
import { createDoubts } from '../subscription/doubt.ts'
import { deleteOrphans } from '../subscription/orphans.ts'
import { reconcileSubscription } from '../subscription/reconcile.ts'
import { reconcileTenant } from '../tenant/reconcile.ts'
import type { Era, Life } from './life.ts'
import type { OperatorProcess } from './process.ts'
import { Standstill, within } from './within.ts'

/** What one pass of an operator over one tenant came to. */
export interface Pass {
  readonly outcomes: readonly Outcome[]
  readonly faults: readonly unknown[]
}

// Much longer than the longest time limit of a call.
const passMs = 120_000

/** Does what the operator does about a tenant and its subscriptions: all of it once, whatever fails. */
export async function pass(process: OperatorProcess, admin: KubeClient, { name, era }: Life): Promise<Pass> {
  const outcomes: Outcome[] = []
  const faults: unknown[] = []
  const attempt = async (what: string, work: () => Promise<Outcome>): Promise<void> => {
    try {
      outcomes.push(await within(passMs, what, work()))
    } catch (error) {
      if (error instanceof Standstill) throw error
      faults.push(error)
    }
  }
  await attempt(`A reconcile of Tenant "${name}"`, () => passTenant(process, name, era))
  const around = await lookAround(admin, name)
  process.saw(around.tenant)
  const subscribe = (raw: unknown) => () => passSubscription(process, around, raw)
  const what = `A reconcile of a Subscription of "${name}"`
  await Promise.all(around.subscriptions.map((raw) => attempt(what, subscribe(raw))))
  return { outcomes, faults }
}

async function passTenant({ parts, signal }: OperatorProcess, name: string, era: Era): Promise<Outcome> {
  const found = await parts.kubernetes.find({ kind: kinds.tenant, name }, { signal })
  if (found === undefined) return { kind: 'gone' }
  const read = readTenant(found)
  const { outcome, look, dueAtMs } = await reconcileTenant(parts, read, undefined, signal)
  passTime(era, dueAtMs)
  // It keeps no copy of the subscriptions: each client is a suspect.
  if (look !== undefined)
    await deleteOrphans(parts, read.object, { isKnown: () => false, doubts: createDoubts() }, signal)
  return outcome
}

const soonMs = 86_400_000

// What is due within a day is due now: the day passes.
function passTime(era: Era, dueAtMs = Infinity): void {
  const leftMs = dueAtMs - (Date.now() + era.aheadMs)
  if (leftMs > 0 && leftMs < soonMs) era.aheadMs += leftMs
}

interface Around {
  readonly tenant: TenantFacts | undefined
  readonly subscriptions: readonly unknown[]
  readonly toolSets: ReadonlyMap<string, z.infer<typeof toolSetSchema>>
  readonly plans: ReadonlyMap<string, z.infer<typeof planSchema>>
}

// What an operator's watches would hold.
async function lookAround(admin: KubeClient, name: string): Promise<Around> {
  const tenantName = parseTenantName(name)
  if (tenantName === undefined) throw new Error(`"${name}" is no tenant's name`)
  const namespace = namespaceOf(tenantName)
  const list = async (kind: KubeKind) => (await admin.listAll(kind, { namespace })).items
  const found = await admin.find({ kind: kinds.tenant, name })
  const [subscriptions, toolSets, plans] = await Promise.all([kinds.subscription, kinds.toolSet, kinds.plan].map(list))
  return {
    tenant: found === undefined ? undefined : readTenant(found).object,
    subscriptions: subscriptions ?? [],
    toolSets: byName(toolSets ?? [], toolSetSchema),
    plans: byName(plans ?? [], planSchema),
  }
}

function byName<T extends { readonly metadata: { readonly name: string } }>(
  items: readonly unknown[],
  schema: z.ZodType<T>,
): ReadonlyMap<string, T> {
  const parse = parserOf(schema)
  const parsed = items.flatMap((item) => {
    const result = parse(item)
    return result.ok ? [result.value] : []
  })
  return new Map(parsed.map((one) => [one.metadata.name, one]))
}

async function passSubscription({ parts, signal }: OperatorProcess, around: Around, raw: unknown): Promise<Outcome> {
  const surroundings = {
    ...{ tenant: around.tenant, recent: undefined, isClientTaken: false },
    toolSet: (toolSet: string) => around.toolSets.get(toolSet),
    plan: (plan: string) => around.plans.get(plan),
  }
  return (await reconcileSubscription(parts, readSubscription(raw), surroundings, signal)).outcome
}

const passPauseMs = 25
const mostPasses = 400

/** Counts what was written so far by all of them. */
export type CountWrites = () => number

/**
 * Lets operators work on one tenant at the same time, over and over, until all of them find nothing left to do. Throws
 * when they do not come to an end.
 */
export async function settle(
  processes: readonly OperatorProcess[],
  { admin, life, countWrites }: { readonly admin: KubeClient; readonly life: Life; readonly countWrites: CountWrites },
): Promise<void> {
  let last: readonly Pass[] = []
  for (let round = 1; round <= mostPasses; round += 1) {
    const before = [countWrites(), life.era.aheadMs]
    const living = processes.filter((process) => !process.isOver())
    last = await Promise.all(living.map((process) => pass(process, admin, life)))
    const isUnderWay = (await Promise.all(living.map((process) => process.isUnderWay()))).includes(true)
    const isQuiet = countWrites() === before[0] && life.era.aheadMs === before[1]
    if (isQuiet && !isUnderWay && last.every(isAtRest)) return
    if (isUnderWay || last.some(isWaiting)) await sleep(passPauseMs)
  }
  throw new Error(`Tenant "${life.name}" does not settle: ${describe(last)}`)
}

const underWay: readonly string[] = ['Progressing', 'Deleting']

/** Whether it will go on by itself. */
export function isWaiting({ outcomes, faults }: Pass): boolean {
  return faults.length > 0 || outcomes.some((one) => one.kind === 'waiting' && underWay.includes(one.reason))
}

function isAtRest(one: Pass): boolean {
  return !isWaiting(one)
}

function describe(passes: readonly Pass[]): string {
  return passes
    .map(({ outcomes, faults }) => JSON.stringify({ outcomes, faults: faults.map(deepMessage) }))
    .join('\n')
    .slice(0, 4000)
}

/** The words of a fault, with those of what caused it. */
export function deepMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause === undefined ? error.message : `${error.message} ← ${deepMessage(cause)}`
}
