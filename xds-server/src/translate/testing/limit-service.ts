// The real rate limit service with the file that is shipped, and a Redis of its own.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort, toolFile } from './live-envoy.ts'

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
  const redis = spawn(toolFile('redis-server'), ['--port', '0', '--unixsocket', socket, '--save', ''], {
    stdio: 'ignore',
  })
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
  await untilHealthy(`http://127.0.0.1:${http}/healthcheck`, service)
  return {
    port,
    stop: async () => {
      await Promise.all([service, redis].map(end))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function untilHealthy(url: string, service: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200 && service.exitCode === null; tries += 1) {
    const isHealthy = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isHealthy) return
    await pause(50)
  }
  throw new Error('The rate limit service did not become healthy')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
