import { Secret } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { secretBody } from '../kubernetes/secrets.ts'
import { allAsWanted, foreign, namespaceAsWanted, seen } from '../testing/observations.ts'
import { now, sampleTenant, sampleWanted } from '../testing/samples.ts'
import { withoutContents } from './look.ts'
import type { Observed } from './observed.ts'
import { buildStatus } from './status.ts'

const tenant = sampleTenant()
const wanted = sampleWanted(tenant)
const whole = allAsWanted(wanted)
const body = secretBody({ name: 's' }, { 'client-secret': new Secret('sesame') })

function withSecret(observed: Observed): Observed {
  if (observed.identity.kind !== 'seen') throw new Error('Nobody looked')
  return { ...observed, identity: seen({ ...observed.identity.value, secret: { kind: 'own', object: body } }) }
}

test.each([
  ['all is as wanted', whole],
  ['a wall is foreign', { ...whole, namespace: seen({ kind: 'foreign' as const }) }],
  ['an object is foreign', { ...whole, namespace: seen({ ...namespaceAsWanted(wanted), invitation: foreign }) }],
  ['a wall cannot be seen', { ...whole, database: { kind: 'unavailable' as const, error: new Error('away') } }],
])('a kept look says the same of a tenant where %s, and holds no secret', (_title, observed) => {
  const kept = withoutContents(withSecret(observed))
  const status = (of: Observed) => buildStatus({ tenant, wanted, observed: of, faults: new Map(), refused: [], now })
  expect(status(kept)).toEqual(status(observed))
  expect(JSON.stringify(kept)).not.toContain(Buffer.from('sesame').toString('base64'))
})
