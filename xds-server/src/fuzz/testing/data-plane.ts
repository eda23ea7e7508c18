// One real Envoy behind the xDS server that is shipped, with a steady tenant beside whatever is offered to it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import { Fleet } from '@bulkhead/xds'
import { assembleFleet, assembleTenant } from '../../assemble/assemble.ts'
import { secretsFor } from '../../control/edge-certificates.ts'
import { lintConfigDump } from '../../lint/testing/config-dump.ts'
import { refuseFindings } from '../../lint/testing/linted.ts'
import { readCheck } from '../../translate/testing/check.ts'
import { serveFleet } from '../../translate/testing/control-plane.ts'
import type { Group } from '../../translate/testing/control-plane.ts'
import { call, freePort, startEnvoy } from '../../translate/testing/live-envoy.ts'
import { forwardTo, hostOf, route, settings, tenant } from '../../translate/testing/models.ts'
import { startPolicyServer } from '../../translate/testing/policy-server.ts'
import { translateFleet, translateMembers, translateTenant } from '../../translate/translate.ts'

export interface DataPlane {
  /** Replaces groups; resolves with Envoy's words for what it refuses, none when it has taken up all of them. */
  offer(groups: readonly Group[]): Promise<readonly string[]>
  /** What a request to the steady tenant is answered. */
  askNeighbour(): Promise<number>
  /** What is wrong with all that Envoy holds by now, by its own word. */
  examine(): Promise<readonly string[]>
  stop(): Promise<void>
}

const answerMs = 20_000
const noLimits = 9
const neighbour = hostOf('neighbour.gw.test')

/** Starts it; resolves when the steady tenant is served. */
export async function startDataPlane(): Promise<DataPlane> {
  const backend = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const listener = { address: '127.0.0.1', port: await freePort() }
  const fleet = new Fleet()
  for (const { name, resources } of await ownGroups(listener, backend.address() as AddressInfo)) {
    refuseFindings(resources)
    fleet.store.publish(name, resources)
  }
  fleet.store.open()
  const served = await serveFleet(fleet)
  const policy = await startPolicyServer(readCheck, { subscription: 'uid-subscription' })
  const envoy = await startEnvoy({ controlPlane: served, policy: policy.port, limits: noLimits })
  await envoy.waitUntil('/listeners', (body) => body.includes('edge::'))
  const askNeighbour = () => call(listener.port, { host: neighbour, path: '/open' }).then(({ status }) => status)
  return {
    offer: async (groups) => {
      for (const { name, resources } of groups) fleet.store.publish(name, resources)
      const words = await answered(fleet, groups)
      return [...words, ...served.faults]
    },
    askNeighbour,
    examine: async () => {
      const { count, findings } = lintConfigDump(await envoy.waitUntil('/config_dump', () => true))
      const rejected = await envoy.waitUntil('/stats?filter=update_rejected', () => true)
      const counts = rejected.split('\n').filter((line) => /: [1-9]/.test(line))
      return [
        ...(count === 0 ? ['Envoy holds nothing'] : []),
        ...findings.map((each) => JSON.stringify(each)),
        ...counts,
      ]
    },
    stop: async () => {
      await envoy.stop()
      await served.stop()
      policy.stop()
      backend.closeAllConnections()
      backend.close()
    },
  }
}

async function ownGroups(listener: typeof settings.listener, backend: AddressInfo): Promise<readonly Group[]> {
  const here = { ...settings, policyTimeoutMs: 10_000, listener }
  const action = forwardTo({ endpoints: [{ address: '127.0.0.1', port: backend.port }] })
  const routes = [route('open', { host: neighbour, access: 'Public', action })]
  const authority = await createTestAuthority()
  const pair = await authority.issue({ commonName: 'edge', names: [{ type: 'dns', value: neighbour }] })
  return [
    assembleFleet(translateFleet(here), translateMembers([{ address: '127.0.0.1', port: 1 }])),
    assembleTenant(translateTenant(tenant('neighbour', { routes }), here)),
    { name: 'certificates', resources: secretsFor([neighbour], [{ ...pair, hosts: [neighbour] }]) },
  ]
}

function answered(fleet: Fleet, groups: readonly Group[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const done = (words: readonly string[]): void => {
      clearTimeout(timer)
      unsubscribe()
      resolve(words)
    }
    const look = (): void => {
      const outcomes = groups.map(({ name }) => fleet.programmed(name))
      if (outcomes.some(({ acked, nacked }) => acked + nacked.length === 0)) return
      done(outcomes.flatMap(({ nacked }) => nacked.map(({ message }) => `Envoy refuses: ${message}`)))
    }
    const timer = setTimeout(() => done([`Envoy gave no answer within ${answerMs / 1000} s`]), answerMs)
    const unsubscribe = fleet.subscribe(look)
    look()
  })
}
