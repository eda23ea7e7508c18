import type { Condition } from '@bulkhead/crds'
import { silentLogger } from '@bulkhead/runtime'
import type { KubeBody, KubeKind } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { announce, transitions } from './events.ts'
import { tenantKind } from './kinds.ts'

const condition = (type: string, status: Condition['status'], reason: string, message = ''): Condition => ({
  ...{ type, status, reason, message },
})
const ready = condition('Ready', 'True', 'Ready')

test.each<readonly [string, readonly Condition[] | undefined, readonly Condition[], readonly string[]]>([
  ['what is new is', undefined, [ready], ['Ready']],
  ['a status that turned is', [condition('Ready', 'False', 'Suspended')], [ready], ['Ready']],
  ['another reason is', [condition('Ready', 'True', 'Suspended')], [ready], ['Ready']],
  ['another message alone is not', [condition('Ready', 'True', 'Ready', 'before')], [ready], []],
  ['what stays is not', [ready], [ready], []],
])('a transition: %s', (_title, before, after, types) => {
  expect(transitions(before, after).map(({ type }) => type)).toEqual(types)
})

async function told(changed: readonly Condition[]): Promise<readonly string[]> {
  const bodies: KubeBody[] = []
  const client = {
    create: (_kind: KubeKind, body: KubeBody) => {
      bodies.push(body)
      return Promise.resolve({ ...body, metadata: body.metadata })
    },
  }
  const subject = { ref: { kind: tenantKind, name: 'acme' }, uid: 'u', tenant: 'acme', now: '2026-01-01T00:00:00Z' }
  await announce(client, silentLogger, subject, changed)
  return bodies.map((body) => `${String(body['type'])} ${String(body['reason'])}: ${String(body['message'])}`)
}

test('an Event tells what came of the work, and a warning what a person must look at', async () => {
  const events = await told([
    ready,
    condition('IdentityReady', 'False', 'JwksInvalid', 'No key can be used'),
    condition('Stalled', 'True', 'JwksInvalid', 'IdentityReady: No key can be used'),
    condition('JwksStale', 'True', 'JwksStale'),
  ])
  expect(events).toEqual([
    'Normal Ready: Ready is True: ',
    'Warning JwksInvalid: IdentityReady is False: No key can be used',
    'Warning JwksInvalid: Stalled is True: IdentityReady: No key can be used',
    'Warning JwksStale: JwksStale is True: ',
  ])
})

test('work that is under way makes no Event', async () => {
  const underWay = [
    condition('Reconciling', 'True', 'Progressing'),
    condition('NamespaceReady', 'False', 'Progressing'),
    condition('Accepted', 'False', 'Waiting'),
    condition('Ready', 'False', 'NotProgrammed'),
  ]
  expect(await told(underWay)).toEqual([])
})
