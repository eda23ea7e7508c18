import type { Judgement } from '@bulkhead/database'

export interface GrantsStep {
  readonly wall: 'grants'
  readonly kind: 'claim'
}

export function planGrants({ changes }: Judgement): readonly GrantsStep[] {
  return changes ? [{ wall: 'grants', kind: 'claim' }] : []
}
