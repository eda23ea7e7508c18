import type { Keycloak } from './keycloak.ts'

export interface ShardedOptions {
  /** By name. */
  readonly shards: ReadonlyMap<string, Keycloak>
  /** Where a realm was placed; undefined: nobody wrote it down. */
  readonly placementOf: (realm: string, signal: AbortSignal) => Promise<string | undefined>
}

/** A realm is where the configuration leads no more: nobody can tell what became of it. */
export class KeycloakNotConfigured extends Error {
  override readonly name = 'KeycloakNotConfigured'
}

/** Several Keycloaks as one: each call goes to the one that holds the realm. No realm is ever looked for in a list. */
export function createSharded({ shards, placementOf }: ShardedOptions): Keycloak {
  // A realm stays where it is for life.
  const known = new Map<string, Keycloak>()
  const placed = async (realm: string, signal: AbortSignal): Promise<Keycloak | undefined> => {
    const name = await placementOf(realm, signal)
    if (name === undefined) return undefined
    const shard = shards.get(name)
    if (shard !== undefined) return shard
    throw new KeycloakNotConfigured(
      `Cannot reach realm "${realm}": it is on Keycloak "${name}", which the configuration does not name any more`,
    )
  }
  const holder = async (realm: string, signal: AbortSignal): Promise<Keycloak | undefined> => {
    const found = known.get(realm) ?? (await placed(realm, signal)) ?? (await probe(shards, realm, signal))
    if (found !== undefined) known.set(realm, found)
    return found
  }
  const need = async (realm: string, signal: AbortSignal): Promise<Keycloak> => {
    const found = await holder(realm, signal)
    if (found === undefined) throw new Error(`Cannot find realm "${realm}": it is on no Keycloak`)
    return found
  }
  return {
    findRealm: async (realm, signal) => (await holder(realm, signal))?.findRealm(realm, signal),
    createRealm: async (realm, fields, signal) => (await need(realm, signal)).createRealm(realm, fields, signal),
    renameRealm: async (from, to, attributes, signal) => {
      const shard = await need(from, signal)
      await shard.renameRealm(from, to, attributes, signal)
      known.delete(from)
      known.set(to, shard)
    },
    setEnabled: async (realm, enabled, signal) => (await need(realm, signal)).setEnabled(realm, enabled, signal),
    deleteRealm: async (realm, signal) => {
      await (await holder(realm, signal))?.deleteRealm(realm, signal)
      known.delete(realm)
    },
    restoreAccount: async (realm, secret, signal) => (await need(realm, signal)).restoreAccount(realm, secret, signal),
    enter: async (realm, secret, signal) =>
      (await (await holder(realm, signal))?.enter(realm, secret, signal)) ?? { kind: 'closed' },
    publishedKeys: async (realm, signal) => (await need(realm, signal)).publishedKeys(realm, signal),
  }
}

// Where nobody wrote it down, like after a backup was restored: each is asked for this one realm by its name.
async function probe(
  shards: ReadonlyMap<string, Keycloak>,
  realm: string,
  signal: AbortSignal,
): Promise<Keycloak | undefined> {
  for (const shard of shards.values()) {
    if ((await shard.findRealm(realm, signal)) !== undefined) return shard
  }
  return undefined
}
