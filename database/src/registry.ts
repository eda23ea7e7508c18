import { sql } from 'kysely'
import type { Database, Tx } from './database.ts'
import { judgeClaim } from './grants.ts'
import type { Claim, Judgement, Registry, Terms } from './grants.ts'
import { lockScope } from './ledger.ts'

/** Who holds which host and which share of the fleet. */
export interface GrantRegistry {
  /** What the claim would get now; writes nothing. */
  inspect(claim: Claim, terms: Terms, signal: AbortSignal): Promise<Judgement>
  /** Grants in one transaction, after every other claim that came before. */
  claim(claim: Claim, terms: Terms, signal: AbortSignal): Promise<Judgement>
  /** Releases everything that the tenant holds; its hosts go into quarantine, but for the one of its name. It stays listed. */
  release(tenant: Pick<Claim, 'uid' | 'ownHost'>, terms: Terms, signal: AbortSignal): Promise<void>
  /** Takes the tenant off the list: after this nobody knows any more where its realm and its schema are. */
  forget(uid: string, signal: AbortSignal): Promise<void>
  /** Whose line among the tenants has this id. */
  findListed(id: string, signal: AbortSignal): Promise<Listed | undefined>
  /** What is left of the tenant besides quarantined hosts. */
  standing(uid: string, signal: AbortSignal): Promise<Standing>
}

export interface Listed {
  readonly uid: string
  readonly name: string
  readonly identityShard: string | undefined
  readonly databaseShard: string | undefined
}

/** Of a tenant that holds something, that is only listed, or that is unknown. */
export type Standing = 'held' | 'listed' | 'gone'

const registryLock = 'public/grants'

export function createGrantRegistry(database: Database): GrantRegistry {
  return {
    inspect: (claim, terms, signal) =>
      database.read('inspect grants', signal, async (tx) => judgeClaim(claim, await read(tx, claim), terms)),
    claim: (claim, terms, signal) =>
      database.transaction('claim grants', signal, async (tx) => {
        await lockScope(tx, registryLock)
        await forgetExpired(tx, terms)
        const judgement = judgeClaim(claim, await read(tx, claim), terms)
        if (judgement.changes) await write(tx, claim, judgement, terms)
        return judgement
      }),
    release: (tenant, terms, signal) =>
      database.transaction('release grants', signal, async (tx) => {
        await lockScope(tx, registryLock)
        await releaseAll(tx, tenant, terms)
      }),
    forget: async (uid, signal) => {
      await database.transaction('forget tenant', signal, (tx) =>
        tx.withSchema('public').deleteFrom('tenants').where('uid', '=', uid).execute(),
      )
    },
    findListed: (id, signal) => database.read('find listed', signal, (tx) => findListed(tx, id)),
    standing: (uid, signal) => database.read('read grants', signal, (tx) => standing(tx, uid)),
  }
}

async function findListed(tx: Tx, id: string): Promise<Listed | undefined> {
  const row = await tx.withSchema('public').selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) return undefined
  const { uid, name, identity_shard: identityShard, database_shard: databaseShard } = row
  return { uid, name, identityShard: identityShard ?? undefined, databaseShard: databaseShard ?? undefined }
}

async function standing(tx: Tx, uid: string): Promise<Standing> {
  const { rows } = await sql<{ held: boolean; listed: boolean }>`
    SELECT EXISTS (SELECT FROM public.tenants WHERE uid = ${uid} AND guaranteed > 0)
        OR EXISTS (SELECT FROM public.hostnames WHERE tenant_uid = ${uid} AND quarantined_until IS NULL)
        OR EXISTS (SELECT FROM public.issuers WHERE tenant_uid = ${uid}) AS held,
      EXISTS (SELECT FROM public.tenants WHERE uid = ${uid}) AS listed`.execute(tx)
  const [found] = rows
  if (found?.held === true) return 'held'
  return found?.listed === true ? 'listed' : 'gone'
}

interface RegistryRow {
  readonly hosts: Registry['hosts']
  readonly issuers: Registry['issuers']
  readonly guaranteed: number | null
  readonly others: number
}

// One statement: every tenant is judged again at each look for drift, and each round trip costs as much as all of this.
async function read(tx: Tx, { uid, hosts, issuer = '' }: Claim): Promise<Registry> {
  const { rows } = await sql<RegistryRow>`
    SELECT
      (SELECT coalesce(json_agg(json_build_object('host', host, 'tenantUid', tenant_uid,
          'quarantinedUntilMs', extract(epoch FROM quarantined_until) * 1000)), '[]')
        FROM public.hostnames WHERE host = ANY(${[...hosts]}::text[]) OR tenant_uid = ${uid}) AS hosts,
      (SELECT coalesce(json_agg(json_build_object('issuer', issuer, 'tenantUid', tenant_uid)), '[]')
        FROM public.issuers WHERE issuer = ${issuer} OR tenant_uid = ${uid}) AS issuers,
      (SELECT guaranteed FROM public.tenants WHERE uid = ${uid}) AS guaranteed,
      (SELECT coalesce(sum(guaranteed), 0)::float8 FROM public.tenants WHERE uid <> ${uid}) AS others`.execute(tx)
  const [row] = rows
  if (row === undefined) throw new Error('Cannot read the registry: Postgres gave no row')
  return {
    issuers: row.issuers,
    hosts: row.hosts.map(({ quarantinedUntilMs, ...held }) => ({
      ...held,
      quarantinedUntilMs: quarantinedUntilMs ?? undefined,
    })),
    guaranteed: row.guaranteed ?? undefined,
    guaranteedToOthers: row.others,
  }
}

async function write(tx: Tx, claim: Claim, judgement: Judgement, terms: Terms): Promise<void> {
  const db = tx.withSchema('public')
  const now = new Date(terms.nowMs)
  const { uid, id, name } = claim
  const { guaranteed } = judgement
  await db
    .insertInto('tenants')
    .values({ uid, id, name, guaranteed, registered_at: now, ...shardsOf(claim) })
    .onConflict((conflict) => conflict.column('uid').doUpdateSet({ guaranteed }))
    .execute()
  for (const host of judgement.take) {
    const row = { tenant_uid: uid, granted_at: now, quarantined_until: null }
    await db
      .insertInto('hostnames')
      .values({ host, ...row })
      .onConflict((conflict) => conflict.column('host').doUpdateSet(row))
      .execute()
  }
  await quarantine(tx, uid, judgement.release, terms)
  await writeIssuer(tx, claim, judgement, now)
}

// A registry that lost the tenant is told again where the tenant is: there it counts, and there it is looked for.
function shardsOf({ standingOn }: Claim) {
  return { identity_shard: standingOn?.identity ?? null, database_shard: standingOn?.database ?? null }
}

async function writeIssuer(tx: Tx, { uid, issuer }: Claim, { issuer: judged }: Judgement, now: Date): Promise<void> {
  const db = tx.withSchema('public')
  for (const old of judged.release) {
    await db.deleteFrom('issuers').where('issuer', '=', old).where('tenant_uid', '=', uid).execute()
  }
  if (!judged.take || issuer === undefined) return
  const row = { tenant_uid: uid, granted_at: now }
  await db
    .insertInto('issuers')
    .values({ issuer, ...row })
    .onConflict((conflict) => conflict.column('issuer').doUpdateSet(row))
    .execute()
}

// A host whose quarantine is over is free, and nobody has to remember it.
async function forgetExpired(tx: Tx, { nowMs }: Terms): Promise<void> {
  await tx.withSchema('public').deleteFrom('hostnames').where('quarantined_until', '<=', new Date(nowMs)).execute()
}

async function quarantine(tx: Tx, uid: string, hosts: readonly string[], terms: Terms): Promise<void> {
  if (hosts.length === 0) return
  await tx
    .withSchema('public')
    .updateTable('hostnames')
    .set({ quarantined_until: new Date(terms.nowMs + terms.quarantineMs) })
    .where('tenant_uid', '=', uid)
    .where('host', 'in', [...hosts])
    .where('quarantined_until', 'is', null)
    .execute()
}

async function releaseAll(tx: Tx, { uid, ownHost }: Pick<Claim, 'uid' | 'ownHost'>, terms: Terms): Promise<void> {
  const db = tx.withSchema('public')
  await db.deleteFrom('hostnames').where('tenant_uid', '=', uid).where('host', '=', ownHost).execute()
  const held = await db.selectFrom('hostnames').select('host').where('tenant_uid', '=', uid).execute()
  await quarantine(
    tx,
    uid,
    held.map((row) => row.host),
    terms,
  )
  await db.deleteFrom('issuers').where('tenant_uid', '=', uid).execute()
  await db.updateTable('tenants').set({ guaranteed: 0 }).where('uid', '=', uid).execute()
}
