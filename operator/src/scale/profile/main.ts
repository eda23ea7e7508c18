// Where the time of one Tenant goes: `node operator/src/scale/profile/main.ts` makes some one after another, in this process, and
// prints every call of the last one on its way to standing, and what comes after. Options: --tenants N, --keycloak double|real.
import { parseArgs } from 'node:util'
import { createMetrics, silentLogger, systemClock } from '@bulkhead/runtime'
import { createOperatorMetrics } from '../../metrics.ts'
import { startWorld } from '../../testing/world.ts'
import { createHttp, createKeycloak } from '@bulkhead/identity'
import { realisticLatency } from '@bulkhead/identity/testing'
import { Secret } from '@bulkhead/runtime'
import type { Parts } from '../../parts.ts'
import type { World } from '../../testing/world.ts'
import { namesOf, watchFleet } from '../fleet.ts'
import type { Fleet } from '../fleet.ts'
import { spread } from '../onboarding.ts'
import { timeDatabase, timeHttp, timeKubernetes } from './timed-calls.ts'
import type { Timed } from './timed-calls.ts'

const { values } = parseArgs({
  options: { tenants: { type: 'string', default: '12' }, keycloak: { type: 'string', default: 'double' } },
})
const isDouble = values.keycloak !== 'real'
const standingTimeoutMs = 60_000
/** What is done after a Tenant stands is told too. */
const afterMs = 1500

async function timedParts(world: World, calls: Timed[]): Promise<Parts> {
  const { url, clientId, clientSecret } = world.keycloak
  const parts = await world.partsOf({
    kubernetes: timeKubernetes(world.parts.kubernetes, calls),
    keycloakUrl: url,
    database: (database) => timeDatabase(database, calls),
  })
  const latency = createOperatorMetrics(createMetrics()).keycloak
  const http = timeHttp(createHttp({ url, clock: systemClock, latency }), calls)
  const bootstrap = { clientId, clientSecret: new Secret(clientSecret) }
  return { ...parts, logger: silentLogger, keycloak: createKeycloak({ http, bootstrap, clock: systemClock }) }
}

interface Onboarded {
  readonly startedMs: number
  readonly tookMs: number
  readonly realmMs: number
}

async function onboard(fleet: Fleet, name: string, calls: Timed[]): Promise<Onboarded> {
  calls.splice(0)
  await fleet.create([name])
  const startedMs = performance.now()
  await fleet.standing([name], AbortSignal.timeout(standingTimeoutMs))
  const tookMs = performance.now() - startedMs
  const realmMs = calls.find(({ what }) => what === 'keycloak create realm')?.tookMs ?? 0
  await systemClock.sleep(afterMs, new AbortController().signal)
  return { startedMs, tookMs, realmMs }
}

function printCalls(calls: readonly Timed[], { startedMs, tookMs }: Onboarded): void {
  let hasStood = false
  for (const { what, atMs, tookMs: ms } of calls.toSorted((a, b) => a.atMs - b.atMs)) {
    if (!hasStood && atMs - startedMs > tookMs) {
      console.log(`${tookMs.toFixed(0).padStart(6)} ms  ── it stands`)
      hasStood = true
    }
    console.log(`${(atMs - startedMs).toFixed(0).padStart(6)} ms  ${ms.toFixed(1).padStart(7)} ms  ${what}`)
  }
}

async function run(): Promise<void> {
  const world = await startWorld(isDouble ? { keycloak: 'double', double: { latency: realisticLatency } } : {})
  const calls: Timed[] = []
  const fleet = await watchFleet(world.admin)
  const stop = world.run(undefined, undefined, await timedParts(world, calls))
  try {
    const ownMs: number[] = []
    for (const name of namesOf('one', Number(values.tenants))) {
      const onboarded = await onboard(fleet, name, calls)
      ownMs.push(onboarded.tookMs - onboarded.realmMs)
      if (ownMs.length === Number(values.tenants)) printCalls(calls, onboarded)
    }
    console.log(`own share of one Tenant, ms: ${spread(ownMs)}`)
  } finally {
    await fleet.stop()
    await stop()
    await world.stop()
  }
}

await run()
