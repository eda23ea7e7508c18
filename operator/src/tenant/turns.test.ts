import { expect, test } from 'vitest'
import { sampleTenant, sampleWanted } from '../testing/samples.ts'
import type { WantedObject } from '../kubernetes/wanted-object.ts'
import type { Step } from './step.ts'
import { turnsOf } from './turns.ts'

const { namespace: wanted } = sampleWanted(sampleTenant())
const make = (object: WantedObject): Step => ({ wall: 'namespace', kind: 'create', object })
const names = (steps: readonly Step[]) =>
  turnsOf(steps).map((turn) => turn.map((step) => ('object' in step ? step.object.body.metadata.name : step.kind)))

test('what stands in a namespace is made at once, after what lets us in and before who is let in', () => {
  const steps = [wanted.namespace, wanted.binding, ...wanted.objects].map(make)
  expect(names(steps)).toEqual([
    ['tenant-acme'],
    ['bulkhead-operator'],
    ['bulkhead-default-deny', 'bulkhead-allow', 'bulkhead-quota', 'bulkhead-defaults', 'tenant-admin'],
    ['tenant-admins'],
  ])
})

test('what is deleted to be made anew, an invitation and the other walls go one after another', () => {
  const [deny, allow] = wanted.objects
  if (deny === undefined || allow === undefined) throw new Error('There are no policies')
  const again: Step = { wall: 'namespace', kind: 'delete', object: deny, uid: 'x' }
  const invite: Step = { wall: 'namespace', kind: 'store-invitation', object: wanted.invitation }
  expect(names([again, make(deny), make(allow), invite]).map((turn) => turn.length)).toEqual([1, 2, 1])
  const claim: Step = { wall: 'grants', kind: 'claim' }
  expect(turnsOf([claim, claim])).toEqual([[claim], [claim]])
})
