// The control plane's process, a real Envoy in front of it, and requests through that.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readCheck } from '../translate/testing/check.ts'
import { freePort, startEnvoy } from '../translate/testing/live-envoy.ts'
import type { LiveEnvoy } from '../translate/testing/live-envoy.ts'
import { startPolicyServer } from '../translate/testing/policy-server.ts'
import type { PolicyServer } from '../translate/testing/policy-server.ts'
import { hostOf } from './messages.ts'
import type { Answered, Asked } from './messages.ts'

const nobodysPort = 9
const pollMs = 1

/** One edit: milliseconds until Envoy's ACK was read, and until the first request was answered by it. */
export interface Edited {
  readonly ackMs: number
  readonly servedMs: number
}

/** Everything that is measured, from one start to its stop. */
export class Plane {
  readonly #child: ChildProcess
  readonly #backend: Server
  readonly #policy: PolicyServer
  readonly #edgePort: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256, rejectUnauthorized: false })
  readonly #acked = new Map<number, (atNs: string) => void>()
  #envoy: LiveEnvoy | undefined

  private constructor(backend: Server, policy: PolicyServer, edgePort: number) {
    this.#backend = backend
    this.#policy = policy
    this.#edgePort = edgePort
    this.#child = fork(join(import.meta.dirname, 'plane-process.ts'))
    this.#child.on('message', (answered: Answered) => {
      if (answered.kind === 'acked') this.#acked.get(answered.tenant)?.(answered.atNs)
    })
  }

  /** Starts everything; gives the plane and the milliseconds until the control plane was open, and the last was served. */
  static async start(tenants: number) {
    const backend = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
    await once(backend, 'listening')
    const policy = await startPolicyServer(readCheck, { subscription: 'uid-subscription' })
    policy.checks.push = () => 0
    const plane = new Plane(backend, policy, await freePort())
    const backendPort = (backend.address() as AddressInfo).port
    const started = await plane.ask({ kind: 'start', tenants, edgePort: plane.#edgePort, backendPort }, 'started')
    const connectingMs = performance.now()
    plane.#envoy = await startEnvoy({ controlPlane: started, policy: policy.port, limits: nobodysPort })
    await plane.untilServed(tenants - 1, '/tool-0')
    return { plane, openMs: started.tookMs, servedMs: performance.now() - connectingMs }
  }

  async ask<Kind extends Answered['kind']>(asked: Asked, kind: Kind): Promise<Extract<Answered, { kind: Kind }>> {
    return new Promise((resolve) => {
      const take = (answered: Answered): void => {
        if (answered.kind !== kind) return
        this.#child.off('message', take)
        resolve(answered as Extract<Answered, { kind: Kind }>)
      }
      this.#child.on('message', take)
      this.#child.send(asked)
    })
  }

  /** Edits one tenant and waits until a request is answered by what it says now. */
  async edit(tenant: number): Promise<Edited> {
    const acked = new Promise<string>((resolve) => this.#acked.set(tenant, resolve))
    const { atNs, path } = await this.ask({ kind: 'edit', tenant }, 'edited')
    const servedNs = await this.untilServed(tenant, path)
    const ackedNs = BigInt(await acked)
    const since = (moment: bigint): number => Number(moment - BigInt(atNs)) / 1e6
    return { ackMs: since(ackedNs), servedMs: since(servedNs) }
  }

  /** Asks until the answer is 200; gives the moment when that answer came. */
  async untilServed(tenant: number, path: string): Promise<bigint> {
    for (let tries = 0; tries < 100_000; tries += 1) {
      if ((await this.status(tenant, path)) === 200) return process.hrtime.bigint()
      await pause(pollMs)
    }
    throw new Error(`Cannot go on: ${hostOf(tenant)}${path} never answered 200`)
  }

  /** The status of one request; 0 when there is none. */
  status(tenant: number, path: string): Promise<number> {
    const [host, port] = [hostOf(tenant), this.#edgePort]
    const options = { host: '127.0.0.1', port, path, servername: host, headers: { host }, agent: this.#agent }
    return new Promise((resolve) => {
      const call = request(options, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
      })
      call.once('error', () => resolve(0))
      call.end()
    })
  }

  /** Figures of Envoy by name; the sum over what the pattern finds. */
  async envoyFigure(pattern: string): Promise<number> {
    const page = await this.#envoy?.waitUntil(`/stats?filter=${encodeURIComponent(pattern)}`, () => true)
    return (page ?? '').split('\n').reduce((sum, line) => sum + Number(line.split(': ')[1] ?? 0), 0)
  }

  async envoyRssMiB(): Promise<number> {
    const text = await readFile(`/proc/${this.#envoy?.pid ?? 0}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? NaN) / 1024
  }

  async stop(): Promise<void> {
    this.#agent.destroy()
    await this.#envoy?.stop()
    this.#child.disconnect()
    this.#policy.stop()
    this.#backend.closeAllConnections()
    this.#backend.close()
  }
}
