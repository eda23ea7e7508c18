// The toolchain: fetches and builds every real part (Envoy, Kubernetes, Keycloak, OPA, …) once, from pinned versions,
// into a cache that all checkouts of this user share, and links them under `.tools`. The modules that do the work are
// loaded only when there is some, so that a run with everything in place costs next to nothing.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { readArguments, usage } from './arguments.ts'
import { parts } from './pins.ts'
import { isBuilt, isLinked, place, type Placed, type Places } from './store.ts'

const environment = process.env
const cacheHome = environment['XDG_CACHE_HOME']
const places: Places = {
  cache: join(cacheHome === undefined || cacheHome === '' ? join(homedir(), '.cache') : cacheHome, 'bulkhead/tools'),
  links: join(import.meta.dirname, '../../.tools'),
}

function countText(placed: readonly Placed[]): string {
  return placed.length === 1 ? '1 part is' : `${placed.length} parts are`
}

async function build(placed: readonly Placed[]): Promise<number> {
  if (placed.every((one) => isBuilt(one) && isLinked(one, places))) {
    console.log(`${countText(placed)} in place under .tools`)
    return 0
  }
  const startedMs = performance.now()
  const stop = new AbortController()
  process.on('SIGINT', () => stop.abort())
  process.on('SIGTERM', () => stop.abort())
  const { buildAll } = await import('./build-all.ts')
  const { durationText } = await import('./progress.ts')
  const failed = await buildAll(placed, places, { environment, signal: stop.signal })
  if (stop.signal.aborted) {
    console.error('Stopped: finished parts are kept; run the same command again to go on')
    return 130
  }
  if (failed.length > 0) {
    console.error(`Cannot provide ${failed.join(', ')}: see above; the other parts are in place`)
    return 1
  }
  console.log(`${countText(placed)} in place under .tools, after ${durationText(performance.now() - startedMs)}`)
  return 0
}

async function check(placed: readonly Placed[]): Promise<number> {
  const missing = placed.filter((one) => !(isBuilt(one) && isLinked(one, places)))
  const { findLacks } = await import('./prerequisites.ts')
  const lacks = findLacks(
    placed.map((one) => one.part),
    environment,
  )
  for (const lack of lacks) console.error(`✗ ${lack.message}`)
  for (const { part } of missing) {
    console.error(`✗ ${part.name} ${part.version} is missing (${part.why}). To get it: make tools`)
  }
  if (missing.length + lacks.length > 0) return 1
  console.log(`Nothing is missing: ${countText(placed)} in place under .tools`)
  return 0
}

function list(placed: readonly Placed[]): number {
  for (const one of placed) {
    const state = isBuilt(one) && isLinked(one, places) ? 'in place' : 'missing'
    console.log(`${one.part.name.padEnd(14)}${one.part.version.padEnd(37)}${state.padEnd(10)}${one.part.from}`)
  }
  return 0
}

async function main(words: readonly string[]): Promise<number> {
  const request = readArguments(
    words,
    parts.map((part) => part.name),
  )
  if (request.kind === 'help') {
    console.log(usage)
    return 0
  }
  if (request.kind === 'refused') {
    console.error(request.message)
    return 2
  }
  const wanted = request.names.length === 0 ? parts : parts.filter((part) => request.names.includes(part.name))
  const placed = wanted.map((part) => place(part, places))
  switch (request.mode) {
    case 'build':
      return build(placed)
    case 'check':
      return check(placed)
    case 'list':
      return list(placed)
  }
}

process.exitCode = await main(process.argv.slice(2))
