// The local platform's command: up, down, status. Everything it prints is for the person at the keyboard.
import { relative, resolve } from 'node:path'
import { addressOf } from '../world/address.ts'
import { Interrupted, interruptible } from './interrupt.ts'
import type { Request } from './options.ts'
import { parseRequest, usage } from './options.ts'
import type { Platform } from './platform.ts'
import { openPlatform, startPlatform, wipePlatform } from './platform.ts'
import { isHealthy, tableText } from './table.ts'

const root = resolve(import.meta.dirname, '..', '..')
const began = Date.now()

function say(line: string): void {
  console.log(`[${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s] ${line}`)
}

async function up(request: Extract<Request, { kind: 'up' }>): Promise<number> {
  const { dir, parts } = request
  const platform = await interruptible((signal) => {
    signal.addEventListener('abort', () => say('interrupted: stopping what was started'))
    return startPlatform({ dir, root, log: say, signal, ...(parts === undefined ? {} : { parts }) })
  })
  if (platform.elapsedMs.size === 0) say(`${relative(process.cwd(), dir) || dir} is up already`)
  console.log(nextSteps(platform, request))
  return 0
}

function nextSteps(platform: Platform, { instance, dir }: { instance: string; dir: string }): string {
  const { edgePort, edgeCaFile, kubeconfigs, identityUrl, keycloakUrl, logFolder, baseDomain } = platform.endpoints
  const { host } = addressOf('acme', baseDomain)
  const options = instance === 'default' ? '' : ` INSTANCE=${instance}`
  const isUsual = dir === resolve(root, '.run', instance)
  const command = (name: string): string =>
    isUsual ? `make ${name}${options}` : `node_modules/.bin/node e2e/platform/main.ts ${name} --dir ${dir}`
  return `
  Kubernetes  export KUBECONFIG=${kubeconfigs.admin}
  Gateway     https://<tenant>.${baseDomain}:${edgePort}, for example
              curl --cacert ${edgeCaFile} --resolve ${host}:${edgePort}:127.0.0.1 https://${host}:${edgePort}/
  Identity    ${identityUrl} (realms), ${keycloakUrl} (administration)
  Logs        ${logFolder}
  Look        ${command('status')}
  Stop        ${command('down')}`
}

async function down(request: Extract<Request, { kind: 'down' }>): Promise<number> {
  const platform = await openPlatform({ dir: request.dir, root, log: say })
  if (platform === undefined) {
    say(`nothing was ever started in ${request.dir}`)
    return 0
  }
  await platform.down()
  if (request.wipe) await wipePlatform(request.dir)
  say(request.wipe ? 'down, and its data is removed' : 'down')
  return 0
}

async function status(request: Extract<Request, { kind: 'status' }>): Promise<number> {
  const platform = await openPlatform({ dir: request.dir, root, log: say })
  const parts = platform === undefined ? [] : await platform.parts()
  if (request.json) {
    console.log(
      JSON.stringify({ instance: request.instance, endpoints: platform?.endpoints ?? null, parts }, undefined, 2),
    )
  } else if (platform === undefined) {
    console.log(`Instance "${request.instance}" was never started: "make up" starts it`)
  } else {
    console.log(tableText(parts))
  }
  return isHealthy(parts) ? 0 : 1
}

async function act(request: Request): Promise<number> {
  switch (request.kind) {
    case 'up':
      return up(request)
    case 'down':
      return down(request)
    case 'status':
      return status(request)
    case 'help':
      console.log(usage)
      return 0
    case 'wrong':
      console.error(`${request.message}\n\n${usage}`)
      return 2
  }
}

try {
  process.exitCode = await act(parseRequest(process.argv.slice(2), root))
} catch (fault) {
  if (!(fault instanceof Interrupted)) console.error(fault instanceof Error ? fault.message : fault)
  process.exitCode = fault instanceof Interrupted ? 130 : 1
}
