// `make demo`: two organisations are onboarded into one gateway, on real parts, before your eyes.
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { createGatewayClient } from '../client/gateway-client.ts'
import { Interrupted, interruptible } from '../platform/interrupt.ts'
import { startPlatform, type Platform } from '../platform/platform.ts'
import { filledDocuments } from '../platform/template.ts'
import { addressOf } from '../world/address.ts'
import { createKubectl, type Kubectl } from '../world/kubectl.ts'
import { readTenant, waitReady } from '../world/organisation.ts'
import { adminKubeconfig } from './admin-kubeconfig.ts'
import { byHand } from './by-hand.ts'
import { requestScenes } from './scenes.ts'
import { chapter, play, say } from './story.ts'

const root = resolve(import.meta.dirname, '../..')
const dir = join(root, '.run/default')
const organisations = ['acme', 'globex'] as const
const startedMs = Date.now()
const elapsed = () => `${((Date.now() - startedMs) / 1000).toFixed(1)} s`

const objectsOf = (name: string, values: Readonly<Record<string, string>>) =>
  filledDocuments(join(import.meta.dirname, 'objects', `${name}.yaml`), values)

function show(output: string): void {
  for (const line of output.trim().split('\n')) say(line)
}

async function admit(kubectl: Kubectl): Promise<void> {
  chapter('2. Two organisations are admitted')
  say('$ kubectl apply -f e2e/demo/objects/tenants.yaml')
  const appliedMs = Date.now()
  show(await kubectl.apply(await objectsOf('tenants', {})))
  for (const name of organisations) {
    await kubectl.run(['wait', '--for=condition=Ready', '--timeout=120s', `tenant/${name}`])
    const { status } = await readTenant(kubectl, name)
    const made = `namespace ${status.namespace} · realm ${status.identity.realm} · schema ${status.database.schema}`
    say(`${name.padEnd(7)} Ready after ${((Date.now() - appliedMs) / 1000).toFixed(1)} s: ${made}`)
  }
}

async function publish(platform: Platform): Promise<void> {
  chapter('3. Each writes its own objects, as its own admin, in its own namespace')
  const { endpoints } = platform
  for (const name of organisations) {
    const file = join(dir, 'kubeconfig', `${name}-admin.yaml`)
    await writeFile(file, adminKubeconfig(await readFile(endpoints.kubeconfigs.admin, 'utf8'), name), { mode: 0o600 })
    const kubectl = createKubectl(join(root, '.tools/bin/kubectl'), file)
    const values = { BASE_DOMAIN: endpoints.baseDomain, BACKEND_PORT: String(endpoints.backends[name]) }
    say(`$ KUBECONFIG=${relative(root, file)} kubectl apply -f e2e/demo/objects/${name}.yaml`)
    show(await kubectl.apply(await objectsOf(name, values)))
    const namespaceOf = (organisation: string) => addressOf(organisation, endpoints.baseDomain).namespace
    await waitReady(kubectl, namespaceOf(name), ['toolset/api', 'toolset/public', 'subscription/shop'])
    const refusal = await kubectl.attempt(['get', 'tools', '-n', namespaceOf(name === 'acme' ? 'globex' : 'acme')])
    if (!refusal.stderr.includes('Forbidden')) throw new Error(`${name}'s admin was not refused: ${refusal.stdout}`)
    say(`✗ ${name}'s admin looks into the other's namespace: ${refusal.stderr.trim().slice(0, 110)}…`)
  }
}

async function main(): Promise<void> {
  chapter('1. Every part is started: nothing here is a mock')
  const log = (line: string) => say(`[${elapsed()}] ${line}`)
  const platform = await interruptible((signal) => startPlatform({ dir, root, log, signal }))
  const { endpoints } = platform
  const kubectl = createKubectl(join(root, '.tools/bin/kubectl'), endpoints.kubeconfigs.admin)
  await admit(kubectl)
  await publish(platform)
  show(await kubectl.run(['get', 'tools,toolsets,plans,subscriptions,accesspolicies', '-A']))

  chapter('4. Requests, good ones and forbidden ones')
  const edge = { port: endpoints.edgePort, authority: await readFile(endpoints.edgeCaFile, 'utf8') }
  const client = createGatewayClient(edge)
  const failed: string[] = []
  for (const scene of await requestScenes({ kubectl, client, baseDomain: endpoints.baseDomain })) {
    if (!(await play(scene))) failed.push(scene.title)
  }
  client.close()

  chapter('5. Go on by hand')
  console.log(byHand(platform, root))
  say(`The whole demo took ${elapsed()}.`)
  if (failed.length > 0) throw new Error(`Not as told: ${failed.join('; ')}`)
}

if (process.argv.length > 2) {
  console.error(`Cannot use "${process.argv.slice(2).join(' ')}": the demo takes no options`)
  process.exit(2)
}
try {
  await main()
} catch (error) {
  if (error instanceof Interrupted) process.exit(130)
  console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`)
  console.error('What runs stays up: `make status` shows it, the logs are in .run/default/logs, `make down` stops it.')
  process.exit(1)
}
