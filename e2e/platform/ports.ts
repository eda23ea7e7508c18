import { createServer } from 'node:net'
import type { Lock } from './lock.ts'
import { tryLock } from './lock.ts'

/** Every port of the platform, on 127.0.0.1 only. */
export const portNames = [
  'postgres',
  'etcdClient',
  'etcdPeer',
  'kubernetes',
  'controllerManager',
  'keycloak',
  'keycloakManagement',
  'redis',
  'ratelimitGrpc',
  'ratelimitHttp',
  'ratelimitDebug',
  'opa0',
  'opa1',
  'operator',
  'xdsGrpc',
  'xdsBundles',
  'xdsHttp',
  'backendAcme',
  'backendGlobex',
  'edge',
] as const

/** The name of one port. */
export type PortName = (typeof portNames)[number]

/** A port for every name. */
export type Ports = Readonly<Record<PortName, number>>

// Below Linux's usual range for outgoing connections (32768 and up), so that no connection takes a port while its part
// is being restarted.
const lowest = 15_000
const highest = 32_000
const firstEdge = 10_443
const lastEdge = 10_542

/** A reader of chance: a number from 0 up to, not including, 1. */
export type Chance = () => number

/** Distinct candidates for one port, the most wanted first. */
export function candidates(name: PortName, chance: Chance): readonly number[] {
  if (name === 'edge') return Array.from({ length: lastEdge - firstEdge + 1 }, (_, index) => firstEdge + index)
  const drawn = Array.from({ length: 50 }, () => lowest + Math.floor(chance() * (highest - lowest)))
  return [...new Set(drawn)]
}

/**
 * Plans all ports: each keeps the one it had when that is still free, else gets its first candidate that is free and
 * not yet given to another.
 */
export async function planPorts(
  chance: Chance,
  isFree: (port: number) => Promise<boolean>,
  earlier: Partial<Ports> = {},
): Promise<Ports> {
  const taken = new Set<number>()
  const choose = async (name: PortName): Promise<number> => {
    const kept = earlier[name]
    for (const port of [...(kept === undefined ? [] : [kept]), ...candidates(name, chance)]) {
      if (taken.has(port) || !(await isFree(port))) continue
      taken.add(port)
      return port
    }
    throw new Error(`Cannot find a free port for ${name}: all candidates are in use; stop what listens on 127.0.0.1`)
  }
  const ports = {} as Record<PortName, number>
  for (const name of portNames) ports[name] = await choose(name)
  return ports
}

/** True when nothing listens on that port of 127.0.0.1. */
export function isFreePort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/**
 * Free ports, each kept from other platforms that start at the same time, until it is released. Envoys share their port,
 * so two platforms that chose the same one would not notice: the kernel would mix their traffic.
 */
export class PortReservation {
  readonly #locks: Lock[] = []

  /** True when nothing listens there and nobody else has reserved it; then it is reserved. */
  async take(port: number): Promise<boolean> {
    const lock = await tryLock(`port ${port}`)
    if (lock === undefined) return false
    this.#locks.push(lock)
    return isFreePort(port)
  }

  /** Gives all of them up: by now their parts listen, or will not. */
  async release(): Promise<void> {
    await Promise.all(this.#locks.splice(0).map((lock) => lock.release()))
  }
}
