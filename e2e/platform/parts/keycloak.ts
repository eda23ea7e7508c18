import { mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expectOk } from '../http.ts'
import type { Command, Part } from '../part.ts'
import type { Site } from '../site.ts'
import { identityUrl, keycloakUrl, pathsOf } from '../site.ts'
import { versions } from '../tools.ts'

/** The client with which the operator creates realms. */
export const keycloakClientId = 'bulkhead-operator'

/** Keycloak, already built for Postgres; its own start makes its schema when the database is empty. */
export function keycloakPart(site: Site): Part {
  const home = join(pathsOf(site.dir).data, 'keycloak')
  return {
    name: 'keycloak',
    version: versions.keycloak,
    port: site.ports.keycloak,
    needs: ['postgres'],
    // On a server that is not the instance's own it makes its schema first.
    readyTimeoutMs: site.database.server === undefined ? 180_000 : 300_000,
    stop: { signal: 'SIGTERM', graceMs: 15_000 },
    prepare: () => prepareHome(site, home),
    command: () => keycloakCommand(site, home),
    probe: (signal) => expectOk({ url: `http://127.0.0.1:${site.ports.keycloakManagement}/health/ready` }, signal),
    settle: () => Promise.resolve(),
  }
}

// Keycloak writes below its home; the programs are shared by all instances, what is written is not.
async function prepareHome(site: Site, home: string): Promise<void> {
  await mkdir(join(home, 'data', 'tmp'), { recursive: true, mode: 0o700 })
  const names: readonly string[] = await readdir(site.tools.keycloakHome).catch(() => [])
  if (!names.includes('lib')) throw new Error(`${site.tools.keycloakHome} is no Keycloak: run "make tools"`)
  for (const name of names.filter((one) => one !== 'data')) {
    await rm(join(home, name), { force: true })
    await symlink(join(site.tools.keycloakHome, name), join(home, name))
  }
}

// `kc.sh` would fork the JVM and stay as its parent; started directly, the process that we know is the one that works.
function keycloakCommand(site: Site, home: string): Command {
  return {
    file: site.tools.java,
    cwd: home,
    args: [
      '-Xms256m',
      '-Xmx1g',
      '-XX:MetaspaceSize=96M',
      '-XX:MaxMetaspaceSize=512m',
      '-XX:+ExitOnOutOfMemoryError',
      '-XX:+UseSerialGC',
      // The first compiler alone: ready in half the time, and fast enough for a demo.
      '-XX:TieredStopAtLevel=1',
      '-Dfile.encoding=UTF-8',
      '-Duser.language=en',
      '-Duser.country=US',
      `-Djava.io.tmpdir=${join(home, 'data', 'tmp')}`,
      '--add-opens=java.base/java.util=ALL-UNNAMED',
      '--add-opens=java.base/java.util.concurrent=ALL-UNNAMED',
      '--add-opens=java.base/java.security=ALL-UNNAMED',
      '--add-opens=java.base/java.lang=ALL-UNNAMED',
      '--enable-native-access=ALL-UNNAMED',
      '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
      '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
      '-Dpicocli.disable.closures=true',
      '-Dquarkus-log-max-startup-records=10000',
      `-Dkc.home.dir=${home}`,
      `-Djboss.server.config.dir=${join(home, 'conf')}`,
      '-cp',
      join(home, 'lib', 'quarkus-run.jar'),
      'io.quarkus.bootstrap.runner.QuarkusEntryPoint',
      'start',
      '--optimized',
    ],
    env: keycloakEnvironment(site),
  }
}

function keycloakEnvironment(site: Site): Readonly<Record<string, string>> {
  return {
    KC_DB_URL: `jdbc:postgresql://127.0.0.1:${site.ports.postgres}/${site.database.keycloak.database}`,
    KC_DB_USERNAME: site.database.keycloak.role,
    KC_DB_PASSWORD: site.secrets.read('postgres-keycloak'),
    KC_DB_POOL_MAX_SIZE: '20',
    // Fixed, or the issuer of a token would follow the Host header of whoever asks for it.
    KC_HOSTNAME: identityUrl(site.ports),
    // The fleet serves no admin paths, so these have an address of their own.
    KC_HOSTNAME_ADMIN: keycloakUrl(site.ports),
    // Envoy overwrites them; nobody else is believed.
    KC_PROXY_HEADERS: 'xforwarded',
    KC_PROXY_TRUSTED_ADDRESSES: '127.0.0.1',
    KC_HTTP_ENABLED: 'true',
    KC_HTTP_HOST: '127.0.0.1',
    KC_HTTP_PORT: String(site.ports.keycloak),
    KC_HTTP_MANAGEMENT_PORT: String(site.ports.keycloakManagement),
    KC_HTTP_MANAGEMENT_HOST: '127.0.0.1',
    KC_BOOTSTRAP_ADMIN_CLIENT_ID: keycloakClientId,
    KC_BOOTSTRAP_ADMIN_CLIENT_SECRET: site.secrets.read('keycloak-client'),
    // One node: without this it would listen for others on every address of the machine.
    KC_CACHE: 'local',
    // It would write a line for every look at it that comes too early.
    KC_LOG_LEVEL: 'info,io.smallrye.health:error',
  }
}
