import type { Parts } from '../../../parts.ts'
import type { Owner } from '../../owner.ts'
import type { SeenIdentity } from '../observed.ts'
import type { WantedExternal } from './wanted.ts'

/** What is known of the issuer's keys now. What cannot be used is not fetched. */
export function observeExternal(
  { issuerKeys }: Pick<Parts, 'issuerKeys'>,
  { uid, name }: Owner,
  { issuer, jwksUri, problems, remembered }: WantedExternal,
): SeenIdentity {
  if (problems.length > 0) {
    issuerKeys.forget(uid)
    return seenAs({ ...{ jwks: undefined, problem: undefined }, freshness: 'fresh', failingSinceMs: undefined })
  }
  return seenAs(issuerKeys.look({ uid, tenant: name, issuer, jwksUri }, remembered))
}

function seenAs(keys: Extract<SeenIdentity['realm'], { kind: 'external' }>['keys']): SeenIdentity {
  return { secret: { kind: 'absent' }, realm: { kind: 'external', keys }, keys: undefined }
}
