// identity: the wall alone against a Keycloak, look by look, with the time in a test's hands.
import { systemClock } from '@bulkhead/runtime'
import type { Parts } from '../../parts.ts'
import { wantTenant } from '../../tenant/wanted.ts'
import type { Wanted } from '../../tenant/wanted.ts'
import { applyIdentityStep } from '../../walls/identity/apply.ts'
import { observeIdentity } from '../../walls/identity/observe.ts'
import type { SeenIdentity } from '../../walls/identity/observed.ts'
import { planIdentity } from '../../walls/identity/plan.ts'
import { callAsBootstrap } from '../realm/calls.ts'
import { onDefaultShard, sampleTenant } from '../samples.ts'
import type { World } from '../world.ts'

/** A Tenant whose realm is looked at. */
export interface RealmInput {
  readonly name: string
  readonly realm?: object
  readonly annotations?: Readonly<Record<string, string>>
  readonly jwks?: string
}

export interface Settled {
  /** What was done; of a key, why. */
  readonly steps: readonly string[]
  readonly seen: SeenIdentity
}

export interface IdentitySubject {
  readonly world: World
  /** With a clock that `time` moves. */
  readonly parts: Parts
  readonly time: { offsetMs: number }
  wantedOf(input: RealmInput): Wanted
  realmOf(name: string): string
  /** Looks and acts until a look finds nothing to do. */
  settle(input: RealmInput): Promise<Settled>
  /** A call by the bootstrap account, below `/admin/realms/`. */
  bootstrap(method: string, path: string, body?: object): Promise<unknown>
}

const signal = AbortSignal.timeout(3_600_000)

export function createIdentitySubject(world: World): IdentitySubject {
  const time = { offsetMs: 0 }
  const parts: Parts = { ...world.parts, clock: { ...systemClock, now: () => systemClock.now() + time.offsetMs } }
  const wantedOf: IdentitySubject['wantedOf'] = ({ name, realm = {}, annotations = {}, jwks }) => {
    const tenant = sampleTenant({
      metadata: { name, uid: `uid-of-${name}`, annotations },
      spec: { identity: { type: 'Realm', realm } },
      status: { identity: { jwks } },
    })
    const derived = wantTenant(tenant, parts.settings)
    if (!derived.ok) throw new Error(derived.problem.message)
    return onDefaultShard(derived.wanted, parts.settings)
  }
  return {
    ...{ world, parts, time, wantedOf },
    realmOf: (name) => wantedOf({ name }).identity.realm,
    settle: (input) => settle(parts, wantedOf(input)),
    bootstrap: (method, path, body) => callAsBootstrap(world.keycloak, method, path, body),
  }
}

async function settle(parts: Parts, { owner, identity }: Wanted): Promise<Settled> {
  const steps: string[] = []
  for (let round = 0; round < 6; round += 1) {
    const seen = await observeIdentity(parts, owner, identity, signal)
    const planned = planIdentity(identity, seen)
    if (planned.length === 0) return { steps, seen }
    for (const step of planned) {
      steps.push('why' in step ? step.why : step.kind)
      await applyIdentityStep({ parts, owner, wanted: identity }, step, signal)
    }
  }
  throw new Error(`It does not settle: ${steps.join(', ')}`)
}
