// The real rate limit service with the file that is shipped, and a Redis of its own.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { endAll, freePort, httpGet, toolFile } from './live-envoy.ts'

export interface LimitService {
  readonly port: number
  stop(): Promise<void>
}

const shipped = fileURLToPath(new URL('../../../../manifests/ratelimit/config.yaml', import.meta.url))

/** Starts both and waits until the service knows its file. */
export async function startLimitService(): Promise<LimitService> {
  const folder = await mkdtemp(join(tmpdir(), 'translate-limits-'))
  const socket = join(folder, 'redis.sock')
  await mkdir(join(folder, 'config'))
  await copyFile(shipped, join(folder, 'config', 'config.yaml'))
  const [port, http, debug] = [await freePort(), await freePort(), await freePort()]
  const health = { host: '127.0.0.1', port: http, path: '/healthcheck' }
  const redis = spawn(toolFile('redis-server'), ['--port', '0', '--unixsocket', socket, '--save', ''], {
    stdio: 'ignore',
  })
  await until('Redis', redis, () => Promise.resolve(existsSync(socket)))
  const service = spawn(toolFile('ratelimit'), [], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...{ GRPC_HOST: '127.0.0.1', GRPC_PORT: String(port), HOST: '127.0.0.1', PORT: String(http) },
      ...{ DEBUG_HOST: '127.0.0.1', DEBUG_PORT: String(debug), LOG_LEVEL: 'error' },
      ...{ BACKEND_TYPE: 'redis', REDIS_SOCKET_TYPE: 'unix', REDIS_URL: socket, REDIS_TIMEOUT: '2s' },
      ...{ RUNTIME_ROOT: folder, RUNTIME_SUBDIRECTORY: '.', RUNTIME_WATCH_ROOT: 'false' },
      ...{ RUNTIME_IGNOREDOTFILES: 'true', USE_STATSD: 'false', DISABLE_STATS: 'true' },
      ...{ STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: 'true', HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: 'true' },
    },
  })
  await until('the rate limit service', service, async () => (await httpGet(health)) !== undefined)
  return { port, stop: () => endAll([service, redis], folder) }
}

async function until(what: string, child: ChildProcess, isReady: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200 && child.exitCode === null; tries += 1) {
    if (await isReady()) return
    await pause(50)
  }
  child.kill('SIGKILL')
  throw new Error(`Cannot start ${what}`)
}
