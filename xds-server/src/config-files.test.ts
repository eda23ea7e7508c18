import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkFiles } from './config-files.ts'
import { xdsServerConfig } from './config.ts'

let folder: string
const at = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-config-'))
  const authority = await createTestAuthority()
  const pairs = await Promise.all(['own', 'other'].map((commonName) => authority.issue({ commonName, names: [] })))
  const texts = {
    ca: authority.caCert,
    cert: pairs[0]?.cert,
    key: pairs[0]?.key,
    otherKey: pairs[1]?.key,
    rego: 'package x',
  }
  await Promise.all(Object.entries(texts).map(([name, text]) => writeFile(at(name), text ?? '')))
})
afterAll(() => rm(folder, { recursive: true }))

function configWith(change: Record<string, unknown>) {
  const tls = { port: 0, certFile: at('cert'), keyFile: at('key'), clientCaFile: at('ca') }
  return xdsServerConfig.parse({
    ...{ grpc: tls, bundles: tls, listener: { address: '127.0.0.1', port: 1 }, http: { port: 0 } },
    platform: {
      ...{ capacityRequestsPerSecond: 1000, sourceRequestsPerSecond: 100 },
      defaultRequestsPerSecond: { guaranteed: 10, ceiling: 50 },
    },
    externalBackends: { allowedCidrs: [] },
    edgeCertificates: [{ hosts: ['*.gw.test'], certFile: at('cert'), keyFile: at('key') }],
    ...change,
  })
}

const tlsWith = (change: object) => ({
  port: 0,
  certFile: at('cert'),
  keyFile: at('key'),
  clientCaFile: at('ca'),
  ...change,
})

test('files that are there and fit are taken', async () => {
  await checkFiles(configWith({ policyFile: at('rego') }))
})

test.each([
  [
    'a certificate that is not there',
    () => ({ grpc: tlsWith({ certFile: at('none') }) }),
    /"grpc\.certFile" with ".*none"/,
  ],
  [
    'a key that is not there',
    () => ({ bundles: tlsWith({ keyFile: at('none') }) }),
    /"bundles\.keyFile" with ".*none"/,
  ],
  [
    'a key of another certificate',
    () => ({ grpc: tlsWith({ keyFile: at('otherKey') }) }),
    /"grpc\.certFile".*does not belong/,
  ],
  [
    'an authority that is none',
    () => ({ grpc: tlsWith({ clientCaFile: at('rego') }) }),
    /"grpc\.clientCaFile" with ".*rego"/,
  ],
  [
    'an edge certificate that is not there',
    () => ({ edgeCertificates: [{ hosts: ['a.test'], certFile: at('none'), keyFile: at('key') }] }),
    /"edgeCertificates\.0\.certFile" with ".*none"/,
  ],
  [
    'a policy that is not there',
    () => ({ policyFile: at('none') }),
    /"policyFile" with ".*none".*want the path of a readable Rego/,
  ],
])('%s is refused with the option, its value and what is allowed', async (_title, change, words) => {
  await expect(checkFiles(configWith(change()))).rejects.toThrow(words)
})
