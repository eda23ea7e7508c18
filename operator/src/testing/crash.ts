import type { Keycloak } from '@bulkhead/identity'
import type { Parts } from '../parts.ts'

/** Where the process dies: at which write, and whether the write still happens (and only its answer is lost). */
export interface CrashPoint {
  readonly atWrite: number
  readonly when: 'before' | 'after'
}

export class Crash extends Error {
  override readonly name = 'Crash'
}

interface State extends CrashPoint {
  writes: number
  isDead: boolean
}

const writes: readonly string[] = [
  ...['create', 'apply', 'applyStatus', 'patch', 'replace', 'delete'],
  ...[
    'claim',
    'release',
    'prepare',
    'setLogin',
    'drop',
    'retain',
    'adopt',
    'record',
    'reserve',
    'finish',
    'forget',
    'letGo',
  ],
  ...['createRealm', 'renameRealm', 'setEnabled', 'deleteRealm', 'restoreAccount'],
  ...['updateRealm', 'createClientScope', 'replaceMappers', 'addDefaultScope'],
]

/** The same parts for a process that dies at a point; `hasDied` says whether it came that far. */
export function dyingParts(parts: Parts, point: CrashPoint): { readonly parts: Parts; hasDied(): boolean } {
  const state: State = { ...point, writes: 0, isDead: false }
  const dying = {
    ...parts,
    kubernetes: wrap(parts.kubernetes, state),
    keycloak: wrapKeycloak(wrap(parts.keycloak, state), state),
    registry: wrap(parts.registry, state),
    databases: wrap(parts.databases, state),
    retained: wrap(parts.retained, state),
  }
  return { parts: dying, hasDied: () => state.isDead }
}

function wrapKeycloak(keycloak: Keycloak, state: State): Keycloak {
  return {
    ...keycloak,
    enter: async (...args) => {
      const entry = await keycloak.enter(...args)
      return entry.kind === 'open' ? { kind: 'open', admin: wrap(entry.admin, state) } : entry
    },
  }
}

function wrap<T extends object>(target: T, state: State): T {
  return new Proxy(target, {
    get: (object, key) => {
      const value: unknown = Reflect.get(object, key)
      if (typeof value !== 'function') return value
      const call = (args: unknown[]): unknown => Reflect.apply(value, object, args)
      return writes.includes(String(key)) ? (...args: unknown[]) => write(state, () => call(args)) : value
    },
    // Spreading a wrapped object must give wrapped methods.
    getOwnPropertyDescriptor: (object, key) => Reflect.getOwnPropertyDescriptor(object, key),
  })
}

async function write(state: State, run: () => unknown): Promise<unknown> {
  if (state.isDead) throw new Crash('The process is dead')
  state.writes += 1
  const isHere = state.writes === state.atWrite
  if (isHere) state.isDead = true
  if (isHere && state.when === 'before') throw new Crash('Died before a write')
  const result = await run()
  if (isHere) throw new Crash('Died after a write')
  return result
}
