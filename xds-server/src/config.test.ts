import { expect, test } from 'vitest'
import { xdsServerConfig } from './config.ts'

const tls = { port: 1, certFile: 'a', keyFile: 'b', clientCaFile: 'c' }
const platform = {
  capacityRequestsPerSecond: 1000,
  sourceRequestsPerSecond: 100,
  defaultRequestsPerSecond: { guaranteed: 10, ceiling: 50 },
}
const shard = { name: 'default', publicUrl: 'https://id.gw.test', host: 'keycloak.id.svc', port: 8080 }
const config = {
  kubernetes: { kubeconfig: 'k' },
  fleet: 'shared',
  grpc: tls,
  bundles: tls,
  listener: { address: '127.0.0.1', port: 8443 },
  platform,
  externalBackends: { allowedCidrs: ['10.0.0.0/8'] },
  edgeCertificates: [{ hosts: ['*.gw.test'], certFile: 'a', keyFile: 'b' }],
  http: { port: 0 },
}

test('a whole configuration is taken, and what may be left out gets its default', () => {
  expect(xdsServerConfig.parse(config)).toMatchObject({
    logLevel: 'info',
    grpc: { host: '127.0.0.1', maxStreams: 1_000 },
    platform: { trustedHops: 0, policyTimeoutMs: 200, rateLimitTimeoutMs: 100 },
    externalBackends: { rootsFile: '/etc/ssl/certs/ca-certificates.crt' },
    identity: { realmRequestsPerSecond: 25, otherRequestsPerSecond: 25, themeRequestsPerSecond: 200, shards: [] },
  })
})

test.each<[string, Record<string, unknown>, string]>([
  ['an unknown option', { colour: 'red' }, ''],
  ['a range that is none', { externalBackends: { allowedCidrs: ['10.0.0.0/99'] } }, 'externalBackends.allowedCidrs.0'],
  [
    'a wildcard inside a host',
    { edgeCertificates: [{ ...config.edgeCertificates[0], hosts: ['a.*.b'] }] },
    'edgeCertificates.0.hosts.0',
  ],
  [
    'a guarantee above the ceiling',
    { platform: { ...platform, defaultRequestsPerSecond: { guaranteed: 9, ceiling: 1 } } },
    'platform.defaultRequestsPerSecond',
  ],
  [
    'a ceiling above the capacity',
    { platform: { ...platform, defaultRequestsPerSecond: { guaranteed: 9, ceiling: 2000 } } },
    'platform.defaultRequestsPerSecond.ceiling',
  ],
  ['no time for policy', { platform: { ...platform, policyTimeoutMs: 9 } }, 'platform.policyTimeoutMs'],
  [
    'a provider that is served without TLS',
    { identity: { shards: [{ ...shard, publicUrl: 'http://id.gw.test' }] } },
    'identity.shards.0.publicUrl',
  ],
  [
    'a provider below a path',
    { identity: { shards: [{ ...shard, publicUrl: 'https://id.gw.test/auth' }] } },
    'identity.shards.0.publicUrl',
  ],
  [
    'a provider at an address',
    { identity: { shards: [{ ...shard, publicUrl: 'https://127.0.0.1' }] } },
    'identity.shards.0.publicUrl',
  ],
  [
    'two providers on one host',
    { identity: { shards: [shard, { ...shard, name: 'second', publicUrl: 'https://id.gw.test:8443' }] } },
    'identity.shards',
  ],
  [
    'a provider whose host no certificate stands for',
    { identity: { shards: [{ ...shard, publicUrl: 'https://id.other.test' }] } },
    'identity.shards.0.publicUrl',
  ],
  ['no client authority', { grpc: { ...tls, clientCaFile: undefined } }, 'grpc.clientCaFile'],
])('%s is refused by its name', (_title, change, path) => {
  const result = xdsServerConfig.safeParse({ ...config, ...change })
  expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path])
})
