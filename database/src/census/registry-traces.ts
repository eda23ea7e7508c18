import type { Database, Tx } from '../database.ts'
import { isUidOf } from './owner.ts'

/** What the registry holds of a tenant. */
export interface RegistryTraces {
  /** Its line among the tenants, with its guaranteed share. */
  readonly listed: { readonly name: string; readonly guaranteed: number } | undefined
  readonly hosts: readonly { readonly host: string; readonly quarantinedUntilMs: number | undefined }[]
  readonly issuers: readonly string[]
  readonly uid: string | undefined
}

/**
 * Looks by the id alone: of a tenant that is gone nobody may know the uid any more, and every uid that is there is asked
 * whether it is the one that the id derives from.
 */
export function findRegistryTraces(database: Database, id: string, signal: AbortSignal): Promise<RegistryTraces> {
  return database.read('find registry traces', signal, async (tx) => {
    const uid = (await allUids(tx)).find((one) => isUidOf(one, id))
    if (uid === undefined) return { listed: undefined, hosts: [], issuers: [], uid }
    const db = tx.withSchema('public')
    const listed = await db
      .selectFrom('tenants')
      .select(['name', 'guaranteed'])
      .where('uid', '=', uid)
      .executeTakeFirst()
    const hosts = await db
      .selectFrom('hostnames')
      .select(['host', 'quarantined_until'])
      .where('tenant_uid', '=', uid)
      .orderBy('host')
      .execute()
    const issuers = await db.selectFrom('issuers').select('issuer').where('tenant_uid', '=', uid).execute()
    return {
      ...{ listed, uid, issuers: issuers.map(({ issuer }) => issuer) },
      hosts: hosts.map((row) => ({ host: row.host, quarantinedUntilMs: row.quarantined_until?.getTime() })),
    }
  })
}

async function allUids(tx: Tx): Promise<readonly string[]> {
  const db = tx.withSchema('public')
  const rows = await db
    .selectFrom('tenants')
    .select('uid')
    .union(db.selectFrom('retained').select('uid'))
    .union(db.selectFrom('hostnames').select('tenant_uid as uid'))
    .union(db.selectFrom('issuers').select('tenant_uid as uid'))
    .execute()
  return rows.map(({ uid }) => uid)
}
