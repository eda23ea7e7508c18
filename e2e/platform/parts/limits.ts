import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { expectOk } from '../http.ts'
import type { Part } from '../part.ts'
import type { Site } from '../site.ts'
import { pathsOf } from '../site.ts'
import { versions } from '../tools.ts'

/** Redis for the counters of the limits: in memory only, behind a password. */
export function redisPart(site: Site): Part {
  const config = join(pathsOf(site.dir).config, 'redis.conf')
  const data = join(pathsOf(site.dir).data, 'redis')
  return {
    name: 'redis',
    version: versions.redis,
    port: site.ports.redis,
    needs: [],
    readyTimeoutMs: 15_000,
    stop: { signal: 'SIGTERM', graceMs: 5_000 },
    prepare: async () => {
      await mkdir(data, { recursive: true, mode: 0o700 })
      const lines = [
        'bind 127.0.0.1',
        `port ${site.ports.redis}`,
        `requirepass ${site.secrets.read('redis')}`,
        `dir ${JSON.stringify(data)}`,
        'save ""',
        'appendonly no',
        'daemonize no',
        'maxmemory 64mb',
        'maxmemory-policy volatile-ttl',
      ]
      await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 })
    },
    command: () => ({ file: site.tools.redis, args: [config] }),
    probe: (signal) => pingRedis(site, signal),
    settle: () => Promise.resolve(),
  }
}

function pingRedis(site: Site, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port: site.ports.redis, signal })
    let answer = ''
    socket.once('error', (fault) => reject(new Error(`Redis does not answer: ${fault.message}`)))
    socket.on('data', (chunk) => {
      answer += chunk.toString()
      if (answer.split('\r\n').length <= 2) return
      socket.destroy()
      if (answer.endsWith('+PONG\r\n')) resolve()
      else reject(new Error(`Redis answered ${JSON.stringify(answer)}`))
    })
    socket.write(`AUTH ${site.secrets.read('redis')}\r\nPING\r\n`)
  })
}

/** The rate limit service with its one small static file. */
export function ratelimitPart(site: Site): Part {
  const root = join(pathsOf(site.dir).config, 'ratelimit')
  const local = (port: number): string => `127.0.0.1:${port}`
  return {
    name: 'ratelimit',
    version: versions.ratelimit,
    port: site.ports.ratelimitGrpc,
    needs: ['redis'],
    readyTimeoutMs: 15_000,
    stop: { signal: 'SIGTERM', graceMs: 5_000 },
    prepare: async () => {
      await mkdir(join(root, 'config'), { recursive: true })
      await copyFile(join(site.root, 'manifests', 'ratelimit', 'config.yaml'), join(root, 'config', 'config.yaml'))
    },
    command: () => ({
      file: site.tools.ratelimit,
      args: [],
      env: {
        HOST: '127.0.0.1',
        PORT: String(site.ports.ratelimitHttp),
        GRPC_HOST: '127.0.0.1',
        GRPC_PORT: String(site.ports.ratelimitGrpc),
        DEBUG_HOST: '127.0.0.1',
        DEBUG_PORT: String(site.ports.ratelimitDebug),
        BACKEND_TYPE: 'redis',
        REDIS_SOCKET_TYPE: 'tcp',
        REDIS_URL: local(site.ports.redis),
        REDIS_AUTH: site.secrets.read('redis'),
        // As patient as the Envoys are here, see the xds-server's settings.
        REDIS_TIMEOUT: '2s',
        RUNTIME_ROOT: root,
        RUNTIME_SUBDIRECTORY: '.',
        RUNTIME_WATCH_ROOT: 'false',
        RUNTIME_IGNOREDOTFILES: 'true',
        EXPIRATION_JITTER_MAX_SECONDS: '10',
        HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: 'true',
        STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: 'true',
        // A statistics set per overridden descriptor would grow with the number of subscriptions.
        DISABLE_STATS: 'true',
        USE_STATSD: 'false',
        LOG_LEVEL: 'warn',
        LOG_FORMAT: 'json',
      },
    }),
    probe: (signal) => expectOk({ url: `http://${local(site.ports.ratelimitHttp)}/healthcheck` }, signal),
    settle: () => Promise.resolve(),
  }
}
