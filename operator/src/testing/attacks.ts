import { kinds } from '@bulkhead/crds'
import { createKubeClient, isForbidden, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeClient, KubeKind } from '@bulkhead/runtime'
import pg from 'pg'
import {
  namespaceKind,
  networkPolicyKind,
  resourceQuotaKind,
  roleBindingKind,
  roleKind,
  secretKind,
} from '../kubernetes/kinds.ts'
import { systemNamespace } from './world.ts'
import type { World } from './world.ts'

/** Something that must be refused. */
export interface Attack {
  readonly title: string
  readonly run: () => Promise<unknown>
}

/** The attacks that were not refused as forbidden; whatever else goes wrong in one is thrown. */
export async function successesOf(attacks: readonly Attack[]): Promise<readonly string[]> {
  const successes: string[] = []
  for (const { title, run } of attacks) {
    try {
      await run()
      successes.push(title)
    } catch (error) {
      const isRefused = isForbidden(error) || (error instanceof pg.DatabaseError && error.code === '42501')
      if (!isRefused) throw new Error(`The attack "${title}" ended in another way`, { cause: error })
    }
  }
  return successes
}

export async function adminOf(world: World, user: string, groups: readonly string[]): Promise<KubeClient> {
  const kubeconfigPath = await world.api.kubeconfigFor(user, groups)
  return createKubeClient({ kubeconfigPath, logger: silentLogger, clock: systemClock })
}

/** What a tenant's admin tries with its account. */
export function adminAttacks(client: KubeClient, namespace: string, other: string): readonly Attack[] {
  const list = (kind: KubeKind, where?: string): Attack => ({
    title: `list ${kind.kind} in ${where ?? 'all namespaces'}`,
    run: () => client.list(kind, { namespace: where }),
  })
  const body = { metadata: { annotations: { touched: 'yes' } } }
  const guards = [
    [resourceQuotaKind, 'bulkhead-quota'],
    [networkPolicyKind, 'bulkhead-default-deny'],
    [roleBindingKind, 'bulkhead-operator'],
    [roleKind, 'tenant-admin'],
  ] as const
  const forged = { type: 'merge', body: { status: { clientID: 'forged' } } } as const
  return [
    ...[kinds.tenant, namespaceKind, kinds.plan, secretKind].map((kind) => list(kind)),
    ...[kinds.plan, secretKind, { ...secretKind, plural: 'events', kind: 'Event' }].map((kind) => list(kind, other)),
    list(secretKind, systemNamespace),
    list(roleKind, namespace),
    ...guards.flatMap(([kind, name]): readonly Attack[] => [
      { title: `patch ${kind.kind}`, run: () => client.patch({ kind, namespace, name }, { type: 'merge', body }) },
      { title: `delete ${kind.kind}`, run: () => client.delete({ kind, namespace, name }) },
      { title: `create ${kind.kind}`, run: () => client.create(kind, { metadata: { name: 'mine', namespace } }) },
    ]),
    {
      title: 'write a status',
      run: () => client.patch({ kind: kinds.subscription, namespace, name: 'app' }, forged, { subresource: 'status' }),
    },
  ]
}

/** What somebody with a tenant's database login tries. */
export function roleAttacks(client: pg.Client, mine: string, other: string, operator: string): readonly Attack[] {
  return [
    `SELECT * FROM "${other}".audit`,
    `SELECT * FROM public.hostnames`,
    `SET ROLE "${other}"`,
    `SET SESSION AUTHORIZATION "${other}"`,
    `SET ROLE ${operator}`,
    `DROP TABLE "${mine}".audit`,
    `CREATE TABLE "${mine}".loot (x int)`,
    `CREATE TEMP TABLE loot (x int)`,
    `CREATE SCHEMA loot`,
    `CREATE FUNCTION "${mine}".f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    `ALTER ROLE "${mine}" CONNECTION LIMIT -1`,
    `ALTER ROLE "${mine}" CREATEROLE`,
    `COPY audit TO PROGRAM 'id'`,
  ].map((text) => ({ title: text, run: () => client.query(text) }))
}
