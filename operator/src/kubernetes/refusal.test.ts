import { KubeFault } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { secretKind } from './kinds.ts'
import { refusalProblem } from './refusal.ts'

const secret = { kind: secretKind, body: { metadata: { name: 'invitation' } } }
const full = 'secrets "invitation" is forbidden: exceeded quota: bulkhead-quota, requested: count/secrets=1, used: …'
const refusal = (status: number, reason: string, detail: string) => new KubeFault('POST', { status, reason, detail })

test.each([
  [
    'a full quota, by its name',
    { ...secret },
    refusal(403, 'Forbidden', full),
    {
      ...{ reason: 'QuotaExceeded', field: 'spec.quota' },
      message: 'Cannot make Secret "invitation": ResourceQuota "bulkhead-quota" of the namespace is full',
    },
  ],
  [
    'what the user wrote, in the words of the API server',
    { ...secret, madeFrom: 'spec.admins' },
    refusal(422, 'Invalid', 'bad name'),
    { reason: 'InvalidSpec', field: 'spec.admins', message: 'bad name' },
  ],
  ['no mistake where nothing came out of the spec', secret, refusal(422, 'Invalid', 'bad name'), undefined],
  ['no quota where RBAC says no', secret, refusal(403, 'Forbidden', 'User "x" cannot create'), undefined],
  ['no mistake where the API server is away', secret, new Error('away'), undefined],
])('a person reads of %s', (_title, object, error, problem) => {
  expect(refusalProblem(object, error)).toEqual(problem)
})
