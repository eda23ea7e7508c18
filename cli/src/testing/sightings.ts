// Values that unit tests of the census start from.
import type { RetainedRecord, ServerTraces } from '@bulkhead/database'
import { databaseSecretOf, parseTenantName, realmSecretOf, tenantId } from '@bulkhead/tenancy'
import type { Sightings, Subject } from '../census/sightings.ts'

export const uid = '7d0c6a3e-0000-4000-8000-000000000001'
const name = parseTenantName('acme')
if (name === undefined) throw new Error('no name')
export const subject: Subject = { name, id: tenantId(uid) }

export const seen = <T>(value: T) => ({ kind: 'seen', value }) as const
export const away = { kind: 'unseen', why: 'connect ECONNREFUSED' } as const

const noTraces: ServerTraces = {
  ...{ uid: undefined, role: { kind: 'absent' }, schema: 'absent', retained: 'absent' },
  ledger: { schema: 0, retained: 0 },
}
const secretNames = [realmSecretOf(subject.id), databaseSecretOf(subject.id)]
const secrets = (state: 'absent' | 'own') => new Map(secretNames.map((secret) => [secret, seen(state)]))

/** Nothing anywhere. */
export const nowhere: Sightings = {
  tenant: seen({ kind: 'absent' }),
  namespace: seen({ kind: 'absent' }),
  secrets: secrets('absent'),
  realm: seen('absent'),
  servers: new Map([['default', seen(noTraces)]]),
  registry: seen({ listed: undefined, hosts: [], issuers: [], uid: undefined }),
  record: seen(undefined),
}

export const record: RetainedRecord = {
  ...{ id: subject.id, uid, name: 'acme', realm: `acme-${subject.id}`, schema: `retained_${subject.id}` },
  ...{ identityShard: 'default', databaseShard: 'default', retainedAtMs: 0 },
  ...{ adoptedBy: undefined, adoptedAtMs: undefined, isPurged: false },
}

/** What a Postgres holds of a tenant that was deleted and retained. */
export const retainedTraces: ServerTraces = {
  ...{ uid, role: { kind: 'own', canLogin: false, sessions: 0, elsewhere: [] }, schema: 'absent' },
  ...{ retained: 'own', ledger: { schema: 0, retained: 1 } },
}

/** A tenant that was deleted and retained, as it should be. */
export const retained: Sightings = {
  ...nowhere,
  secrets: secrets('own'),
  realm: seen('disabled'),
  servers: new Map([['default', seen(retainedTraces)]]),
  registry: seen({
    ...{ listed: undefined, issuers: [], uid },
    hosts: [{ host: 'api.acme.example', quarantinedUntilMs: 86_400_000 }],
  }),
  record: seen(record),
}

/** A tenant that lives. */
export const living: Sightings = {
  ...retained,
  tenant: seen({ kind: 'own', uid, isDeleted: false, words: 'Ready: all is well' }),
  namespace: seen({ kind: 'own', uid: 'n1', isDeleted: false, contents: '3 tools' }),
  realm: seen('enabled'),
  servers: new Map([
    [
      'default',
      seen<ServerTraces>({
        ...{ uid, role: { kind: 'own', canLogin: true, sessions: 2, elsewhere: [] }, schema: 'own' },
        ...{ retained: 'absent', ledger: { schema: 1, retained: 0 } },
      }),
    ],
  ]),
  registry: seen({
    ...{ listed: { name: 'acme', guaranteed: 10 }, issuers: ['https://idp'], uid },
    hosts: [{ host: 'acme.gw.test', quarantinedUntilMs: undefined }],
  }),
  record: seen(undefined),
}
