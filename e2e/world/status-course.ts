import { kstatus } from '@bulkhead/crds/testing'
import { expect } from 'vitest'
import type { Recorded, Recorder } from './recorder.ts'
import { judgeStatuses, type Judged } from './status-judge.ts'

/** One state of an object, with what kstatus and Argo CD make of it. */
export type Step = Recorded & Judged

/** The course of objects' statuses, judged by the rules that hold for every step. */
export interface StatusCourse {
  /** The steps of one object since the last look. */
  steps(kind: string, name: string): Promise<readonly Step[]>
  /** The same since an edit that came after the last look, without what was still on its way before it. */
  stepsOfEdit(kind: string, name: string): Promise<readonly Step[]>
  /** Every state that was looked at, in order. */
  readonly seen: readonly Recorded[]
}

/** Follows what a recorder hears. */
export function followStatuses(recorder: Pick<Recorder, 'take'>): StatusCourse {
  const seen: Recorded[] = []
  const newest = new Map<string, number>()
  const steps = async (kind: string, name: string): Promise<readonly Step[]> => {
    const states = recorder.take(kind, name)
    seen.push(...states)
    const judged = await judgeStatuses(states)
    const all = states.map((state, index) => ({ ...state, ...judged[index]! }))
    for (const step of all) expectSound(step)
    for (const { metadata } of states) newest.set(`${kind} ${name}`, metadata.generation)
    return all
  }
  return {
    steps,
    stepsOfEdit: async (kind, name) => {
      const before = newest.get(`${kind} ${name}`) ?? 0
      return (await steps(kind, name)).filter(({ metadata }) => metadata.generation > before)
    },
    seen,
  }
}

const argoOf: Readonly<Record<string, readonly string[]>> = {
  Current: ['Healthy'],
  Failed: ['Degraded'],
  Terminating: ['Progressing'],
  InProgress: ['Progressing', 'Suspended'],
}

function expectSound(step: Step): void {
  const { metadata, status } = step
  const isTrue = (type: string): boolean =>
    status.conditions.some((each) => each.type === type && each.status === 'True')
  const says = JSON.stringify(status)
  expect(kstatus(step), says).toBe(step.kstatus.status)
  expect(argoOf[step.kstatus.status], says).toContain(step.argo.status)
  const progress = ['Reconciling', 'Stalled'].filter((type) => status.conditions.some((each) => each.type === type))
  expect(progress.filter(isTrue), says).toEqual(progress)
  expect(progress.length, says).toBeLessThanOrEqual(1)
  if (step.kstatus.status !== 'Current') return
  expect(status.observedGeneration, says).toBe(metadata.generation)
  const settled = status.conditions.filter(({ type }) => ['Ready', 'Programmed'].includes(type))
  expect(
    settled.map((each) => each['observedGeneration']),
    says,
  ).toEqual([metadata.generation, metadata.generation])
  expect([isTrue('Ready'), isTrue('Programmed'), ...progress], says).toEqual([true, true])
}

/** What was said of some steps, one word after the other, each once. */
export function course(all: readonly Step[], judge: (step: Step) => string = (step) => step.kstatus.status): string {
  return all
    .map(judge)
    .filter((word, index, words) => word !== words[index - 1])
    .join(' → ')
}
