import { expect, test } from 'vitest'
import { kstatus, type Kstatus, type KstatusObject } from './kstatus.ts'

const ready = (status: string) => ({ type: 'Ready', status })
const reconciling = { type: 'Reconciling', status: 'True' }
const stalled = { type: 'Stalled', status: 'True' }
const at = (observedGeneration: number, ...conditions: { readonly type: string; readonly status: string }[]) => ({
  metadata: { generation: 2 },
  status: { observedGeneration, conditions },
})

test.each<readonly [string, KstatusObject, Kstatus]>([
  ['nobody has looked at is in progress', at(-1), 'InProgress'],
  ['was last seen a generation ago is in progress, however ready', at(1, ready('True')), 'InProgress'],
  ['is ready is current', at(2, ready('True')), 'Current'],
  ['is not ready is in progress', at(2, ready('False')), 'InProgress'],
  ['may be ready is in progress', at(2, ready('Unknown')), 'InProgress'],
  ['is worked on is in progress, however ready', at(2, ready('True'), reconciling), 'InProgress'],
  ['is stalled has failed', at(2, ready('False'), stalled), 'Failed'],
  ['is stalled and worked on is what stands first', at(2, stalled, reconciling), 'Failed'],
  ['was stalled is judged by its readiness', at(2, { type: 'Stalled', status: 'False' }, ready('True')), 'Current'],
  ['is being deleted is terminating', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, 'Terminating'],
  ['has no status at all is current', { metadata: { generation: 1 } }, 'Current'],
])('what %s', (_title, object, expected) => expect(kstatus(object)).toBe(expected))
