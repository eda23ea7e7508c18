import { operatorClientId } from '@bulkhead/identity'
import type { KubeObject } from '@bulkhead/runtime'
import { apiGroup, databaseSecretOf, realmSecretOf, roleOf } from '@bulkhead/tenancy'
import type { TenantId } from '@bulkhead/tenancy'
import { namespaceKind, secretKind } from '../kubernetes/kinds.ts'
import { realmVandal } from '../testing/realm-vandal.ts'
import { stepsIn } from '../testing/steps.ts'
import { systemNamespace } from '../testing/world.ts'
import { passwordSetAnnotation } from '../walls/database/password.ts'
import { meetingAnyPolicy } from '../walls/identity/account.ts'
import { realmSecretKeys } from '../walls/identity/observe.ts'
import { rotateKeysAnnotation } from '../walls/identity/wanted.ts'
import { create, namespaceOf, refOf, subscribed } from './life.ts'
import type { Life, Scenario } from './life.ts'
import type { Stage } from './stage.ts'

const idOf = ({ name, incarnations }: Life): TenantId => {
  const last = incarnations.at(-1)
  if (last === undefined) throw new Error(`"${name}" was never made`)
  return last.id
}

const patchSecret = ({ world }: Stage, name: string, body: Readonly<Record<string, unknown>>) =>
  world.admin.patch({ kind: secretKind, namespace: systemNamespace, name }, { type: 'merge', body })

// As if it had been made long ago.
const passwordRotated: Scenario = {
  title: "rotate the role's password",
  act: async (stage, life) => {
    const annotations = { [passwordSetAnnotation]: '2020-01-01T00:00:00.000Z' }
    await patchSecret(stage, databaseSecretOf(idOf(life)), { metadata: { annotations } })
  },
}

// Somebody stores another secret, and Keycloak is to follow.
const accountRotated: Scenario = {
  title: "rotate the realm account's secret",
  act: async (stage, life) => {
    const secret = meetingAnyPolicy(stage.world.parts.newSecret()).reveal()
    const data = { [realmSecretKeys.client]: Buffer.from(secret).toString('base64') }
    await patchSecret(stage, realmSecretOf(idOf(life)), { data })
  },
}

// From the publication of the new key to the removal of the old one: hours, which pass as they are waited for.
const keyRotated: Scenario = {
  title: "rotate the realm's key",
  act: async ({ world }, life) => {
    const annotations = { [rotateKeysAnnotation]: 'now' }
    await world.admin.patch(refOf(life), { type: 'merge', body: { metadata: { annotations } } })
  },
}

// What is made for the tenant in its namespace, but for what people made there, and what they would lose with it.
const keptKinds: readonly string[] = ['secrets', 'configmaps', 'serviceaccounts']

const namespaceDrifted: Scenario = {
  title: 'mend the namespace',
  act: async ({ world: { admin }, places }, life) => {
    const namespace = namespaceOf(life)
    const loosened = { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } }
    await admin.patch({ kind: namespaceKind, name: namespace }, { type: 'merge', body: loosened })
    for (const kind of places.filter(({ group, plural }) => group !== apiGroup && !keptKinds.includes(plural))) {
      const items = (await admin.listAll(kind, { namespace })).items as readonly KubeObject[]
      for (const { metadata } of items) await admin.delete({ kind, namespace, name: metadata.name })
    }
  },
}

const realmDrifted: Scenario = {
  title: 'mend the realm',
  act: async (stage, life) => {
    const { realm } = await stepsIn(stage.world).factsOf(life.name)
    const vandal = realmVandal(stage.world.keycloak, realm)
    await vandal.loosenSettings()
    await vandal.removeAudience()
    for (const client of await vandal.clientIds('sub-')) await vandal.forgeMapper(client)
    // Last: what it is refused has the operator restore its account first.
    await vandal.disableClient(operatorClientId)
  },
}

const databaseDrifted: Scenario = {
  title: 'mend the database',
  act: async ({ world: { postgres } }, life) => {
    const role = `"${roleOf(idOf(life))}"`
    await postgres.query(`ALTER ROLE ${role} CONNECTION LIMIT 99 NOLOGIN`, postgres.database)
    await postgres.query(`ALTER ROLE ${role} RESET ALL`, postgres.database)
  },
}

/** Another release brings one more version of the tenants' schemas. */
export function bringRelease({ era }: Life): void {
  const version = era.migrations.length + 1
  const added = { version, name: `notes ${version}`, statements: [`CREATE TABLE notes_${version} (id text)`] }
  era.migrations = [...era.migrations, added]
}

const migrated: Scenario = {
  title: 'migrate the schema',
  act: (_stage, life) => {
    bringRelease(life)
    return Promise.resolve()
  },
}

const made: Scenario = {
  title: 'create',
  isPreparation: true,
  act: (stage, life) => create(stage, life, { database: { channel: 'Canary' } }),
}

/** One that stands for long, and is kept as it is to be. */
export const keptLife: readonly Scenario[] = [
  made,
  { ...subscribed, isPreparation: true },
  ...[passwordRotated, accountRotated, keyRotated, namespaceDrifted, realmDrifted, databaseDrifted, migrated],
]

// Of every life before this one the registry knows nothing more: its installation never rolled anything out.
const madeAlone: Scenario = {
  ...made,
  act: async (stage, life) => {
    const { postgres } = stage.world
    await postgres.query('DELETE FROM public.rollout', postgres.database)
    await made.act(stage, life)
  },
}

const ledAnew: Scenario = {
  title: 'a new release leads',
  act: (_stage, life) => {
    bringRelease(life)
    life.era.areLeaders = true
    return Promise.resolve()
  },
}

const ledAgain: Scenario = { title: 'it leads again', act: () => Promise.resolve() }

/** One whose operators begin to lead while it stands. No other life may be lived in its world meanwhile. */
export const ledLife: readonly Scenario[] = [madeAlone, ledAnew, ledAgain]
