// A real OPA with the configuration that we ship, for this room's contract tests.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { TestCertificate } from '@bulkhead/runtime/testing-certificates'
import { z } from 'zod'

const root = new URL('../../../../', import.meta.url)

export const policyFolder = fileURLToPath(new URL('xds-server/policy/', root))
export const policyFile = join(policyFolder, 'authz.rego')

/** The OPA that `make tools` has put here; without it a test fails, for a test that is left out proves nothing. */
export function opaBinary(): string {
  const file = fileURLToPath(new URL('.tools/bin/opa', root))
  if (!existsSync(file)) throw new Error(`Cannot find "${file}": run make tools`)
  return file
}

export interface LiveOpa {
  readonly process: ChildProcess
  /** The socket on which it answers Envoy. */
  readonly socketPath: string
  /** What the policy says about this input; undefined while there is no policy. */
  decide(input: unknown): Promise<unknown>
  log(): Promise<string>
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface LiveOpaOptions {
  readonly id: string
  readonly bundlesUrl: string
  readonly caCert: string
  readonly client: TestCertificate
}

/** Starts OPA with `manifests/opa/config.yaml`; resolves once its API answers. */
export async function startOpa({ id, bundlesUrl, caCert, client }: LiveOpaOptions): Promise<LiveOpa> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-opa-'))
  const inFolder = (name: string): string => join(folder, name)
  const values: Readonly<Record<string, string>> = {
    OPA_ID: id,
    FLEET: 'shared',
    BUNDLES_URL: bundlesUrl,
    CA_FILE: inFolder('ca.pem'),
    CERT_FILE: inFolder('cert.pem'),
    KEY_FILE: inFolder('key.pem'),
    SOCKET: inFolder('envoy.sock'),
  }
  const template = await readFile(new URL('manifests/opa/config.yaml', root), 'utf8')
  const config = template.replaceAll(/\$\{([A-Z_]+)\}/g, (whole, name: string) => values[name] ?? whole)
  await writeFile(inFolder('config.yaml'), config)
  await writeFile(inFolder('ca.pem'), caCert)
  await writeFile(inFolder('cert.pem'), client.cert)
  await writeFile(inFolder('key.pem'), client.key)
  const api = inFolder('api.sock')
  const args = ['run', '--server', `--addr=unix://${api}`, `--config-file=${inFolder('config.yaml')}`]
  const process = spawn(
    '/bin/sh',
    ['-c', 'exec "$0" "$@" 2>"$OPA_LOG"', opaBinary(), ...args, '--skip-version-check'],
    {
      env: { OPA_LOG: inFolder('log'), GOMAXPROCS: '2' },
      stdio: 'ignore',
    },
  )
  const opa: LiveOpa = {
    process,
    socketPath: inFolder('envoy.sock'),
    decide: (input) => decide(api, input),
    log: () => readFile(inFolder('log'), 'utf8'),
    stop: async (signal = 'SIGTERM') => {
      if (process.exitCode === null && process.signalCode === null) {
        process.kill(signal)
        await once(process, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
  await eventually(
    () => opa.decide({}),
    () => true,
  )
  return opa
}

/** Asks again and again until the answer is as wanted; gives the last answer up after 20 seconds. */
export async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask().catch((error: unknown) => {
      if (attempt >= 1000) throw error
      return undefined
    })
    if (answer !== undefined && (isWanted(answer) || attempt >= 1000)) return answer
    await pause(20)
  }
}

const resultSchema = z.object({ result: z.unknown().optional() })

function decide(socketPath: string, input: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { socketPath, method: 'POST', path: '/v1/data/bulkhead/authz/decision' }
    const asked = request(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => {
        const parsed = resultSchema.safeParse(JSON.parse(text))
        if (parsed.success) resolve(parsed.data.result ?? 'undecided')
        else reject(new Error(`OPA answered ${text}`))
      })
    })
    asked.on('error', reject)
    asked.end(JSON.stringify({ input }))
  })
}
