import { loadConfig } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { operatorConfig } from './config.ts'

const whole = {
  keycloak: { url: 'http://kc:8080', publicUrl: 'https://id.test', clientId: 'c', clientSecretFile: '/s' },
  postgres: { host: 'db', database: 'bulkhead', user: 'bulkhead_operator', passwordFile: '/p' },
  platform: {
    ...{ baseDomain: 'gw.test', systemNamespace: 'bulkhead-system', capacityRequestsPerSecond: 1000 },
    ...{ dataPlaneNamespace: 'bulkhead-data', defaultRequestsPerSecond: { guaranteed: 10, ceiling: 100 } },
  },
  http: { port: 8081 },
}

const further = { ...whole.postgres, name: 'second', database: 'bulkhead_2' }
const withShards = (...shards: readonly object[]) => ({ ...whole, postgres: { ...whole.postgres, shards } })

const platform = (changes: object) => ({ ...whole, platform: { ...whole.platform, ...changes } })

const load = (config: object) =>
  loadConfig(operatorConfig, {
    argv: ['--config', 'f.yaml'],
    readFile: () => Promise.resolve(JSON.stringify(config)),
    program: 'bulkhead-operator',
  })

test('what is left out has a sensible value', async () => {
  expect(await load(whole)).toMatchObject({
    postgres: { port: 5432, shard: 'default', maxSchemas: 1000, shards: [] },
    platform: { quarantineSeconds: 86_400 },
    leaderElection: { leaseSeconds: 15, renewDeadlineSeconds: 10, retrySeconds: 2 },
    resyncSeconds: 1200,
    logLevel: 'info',
  })
})

test.each([
  ['an unknown option', { ...whole, colour: 'red' }, /unknown option "colour": allowed here are kubernetes, /],
  [
    'a URL that is none',
    { ...whole, keycloak: { ...whole.keycloak, url: 'kc' } },
    /"keycloak.url" is "kc": want a URL that begins with http/,
  ],
  ['a port that is none', { ...whole, http: { port: 70_000 } }, /"http.port" is 70000: Too big: .*<=65535/],
  ['a base domain in capitals', platform({ baseDomain: 'GW.test' }), /"platform.baseDomain" is "GW.test": want DNS/],
  [
    'a reserved host in capitals',
    platform({ reservedHosts: ['ID.gw.test'] }),
    /"platform.reservedHosts\[?\.?0\]?" is "ID.gw.test": want a host name in lower case/,
  ],
  ['a label that is too long', platform({ baseDomain: `${'a'.repeat(64)}.test` }), /"platform.baseDomain" .* want DNS/],
  ['a base domain that is too long', platform({ baseDomain: 'a.'.repeat(110) + 'test' }), /"platform.baseDomain".*212/],
  [
    'a guarantee above its ceiling',
    platform({ defaultRequestsPerSecond: { guaranteed: 500, ceiling: 100 } }),
    /"platform.defaultRequestsPerSecond" is an object: guaranteed must not be above ceiling/,
  ],
  [
    'a ceiling above the capacity',
    platform({ defaultRequestsPerSecond: { guaranteed: 1, ceiling: 5000 } }),
    /"platform.defaultRequestsPerSecond.ceiling" is 5000: must not be above capacityRequestsPerSecond/,
  ],
  [
    'a renew deadline that leaves nothing of the lease',
    { ...whole, leaderElection: { leaseSeconds: 10, renewDeadlineSeconds: 10 } },
    /"leaderElection" is an object: twice retrySeconds must not be above renewDeadlineSeconds/,
  ],
  [
    'a Postgres shard of a name that stands already',
    withShards(further, { ...further, database: 'bulkhead_3' }),
    /"postgres.shards\[1\].name" is "second": each name must stand once, that of the first too/,
  ],
  [
    'a Postgres shard that is called like the first',
    withShards({ ...further, name: 'default' }),
    /"postgres.shards\[0\].name" is "default": each name must stand once/,
  ],
  [
    'a Postgres shard that is the database of another',
    withShards({ ...further, database: 'bulkhead' }),
    /"postgres.shards\[0\].host" is "db": another shard is this very database/,
  ],
  [
    'a Postgres shard with less than no room',
    withShards({ ...further, maxSchemas: -1 }),
    /"postgres.shards\[0\].maxSchemas" is -1: Too small/,
  ],
  [
    'a Postgres shard whose name is no label',
    withShards({ ...further, name: 'Second' }),
    /"postgres.shards\[0\].name" is "Second": want a DNS label/,
  ],
])('%s is refused with its name, its value and what is allowed', async (_title, config, words) => {
  await expect(load(config)).rejects.toThrow(words)
})
