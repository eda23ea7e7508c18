import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensurePki } from './pki.ts'
import type { Plain } from './template.ts'
import { filledFile } from './template.ts'

const root = resolve(import.meta.dirname, '..', '..')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-bootstrap-'))
  await ensurePki(folder, Date.now())
})
afterAll(() => rm(folder, { recursive: true }))

function filledBootstrap(): Promise<Plain> {
  return filledFile(join(root, 'manifests/envoy/bootstrap.yaml'), {
    NODE_ID: 'envoy-0',
    FLEET: 'shared',
    ADMIN_SOCKET: join(folder, 'admin.sock'),
    XDS_HOST: '127.0.0.1',
    XDS_PORT: '1',
    OPA_SOCKET: join(folder, 'opa.sock'),
    RATELIMIT_HOST: '127.0.0.1',
    RATELIMIT_PORT: '1',
    CA_FILE: join(folder, 'mesh-ca.crt'),
    CERTIFICATE_FILE: join(folder, 'envoy.crt'),
    KEY_FILE: join(folder, 'envoy.key'),
    MAX_HEAP_BYTES: '1073741824',
    MAX_CONNECTIONS: '10000',
  })
}

test('Envoy accepts the bootstrap, without a word about deprecated fields', async () => {
  const file = join(folder, 'envoy.json')
  await writeFile(file, JSON.stringify(await filledBootstrap()))
  const args = ['--mode', 'validate', '--config-path', file, '--log-level', 'warning']
  const { stdout, stderr } = await promisify(execFile)(join(root, '.tools/bin/envoy'), args)
  expect(stdout).toContain('OK')
  expect(stderr).toBe('')
})

test('D-18 an Envoy waits for its configuration for ever, and D-27 its administration has no port', async () => {
  expect(await filledBootstrap()).toMatchObject({
    admin: { address: { pipe: { mode: 0o600 } } },
    dynamic_resources: {
      ads_config: { api_type: 'DELTA_GRPC' },
      lds_config: { initial_fetch_timeout: '0s' },
      cds_config: { initial_fetch_timeout: '0s' },
    },
  })
})
