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

const load = (config: object) =>
  loadConfig(operatorConfig, {
    argv: ['--config', 'f.yaml'],
    readFile: () => Promise.resolve(JSON.stringify(config)),
    program: 'bulkhead-operator',
  })

test('what is left out has a sensible value', async () => {
  expect(await load(whole)).toMatchObject({
    postgres: { port: 5432 },
    platform: { quarantineSeconds: 86_400 },
    resyncSeconds: 1200,
    logLevel: 'info',
  })
})

test.each([
  ['an unknown option', { ...whole, colour: 'red' }, 'colour'],
  ['a URL that is none', { ...whole, keycloak: { ...whole.keycloak, url: 'kc' } }, 'keycloak.url'],
  ['a port that is none', { ...whole, http: { port: 70_000 } }, 'http.port'],
  [
    'a base domain in capitals',
    { ...whole, platform: { ...whole.platform, baseDomain: 'GW.test' } },
    'platform.baseDomain',
  ],
])('%s is refused by name', async (_title, config, option) => {
  await expect(load(config)).rejects.toThrow(option)
})
