// A command line over a world of real parts: what a person would type, and what comes of it.
import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { World } from '@bulkhead/operator/testing'
import { systemNamespace } from '@bulkhead/operator/testing'
import { systemClock } from '@bulkhead/runtime'
import type { KubeClient } from '@bulkhead/runtime'
import { commands } from '../commands.ts'
import { runCommandLine } from '../run.ts'

export interface Ended {
  readonly code: number
  readonly out: string
  readonly errors: string
}

export interface CommandLine {
  /** Runs `bulkhead` with these words; `change` puts something else into the configuration. */
  run(words: string, change?: ConfigChange): Promise<Ended>
  /** Ctrl-C to whatever runs. */
  interrupt(): void
  close(): Promise<void>
}

export interface ConfigChange {
  readonly postgres?: object
  readonly keycloak?: object
  readonly kubernetes?: object
}

/** With the operator's own configuration, and the kubeconfig of a person who holds the roles that we ship for it. */
export async function openCommandLine(world: World): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-cli-'))
  const fileOf = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const { postgres, keycloak, api } = world
  const { host, port, user, database } = postgres
  const passwordFile = await fileOf('postgres', postgres.password)
  const clientSecretFile = await fileOf('keycloak', keycloak.clientSecret)
  await bindRoles(world.admin)
  const kubeconfig = await api.kubeconfigFor(person, [])
  const { url, clientId } = keycloak
  const configOf = (change: ConfigChange) =>
    JSON.stringify({
      kubernetes: { kubeconfig, ...change.kubernetes },
      postgres: { host, port, user, database, passwordFile, maxConnections: 4, ...change.postgres },
      keycloak: { url, publicUrl: url, clientId, clientSecretFile, ...change.keycloak },
      platform: { systemNamespace, baseDomain: 'gw.test', quarantineSeconds: 3600 },
    })
  let signals = new EventEmitter()
  return {
    interrupt: () => void signals.emit('SIGINT'),
    run: async (words, change = {}) => {
      const [out, errors]: [string[], string[]] = [[], []]
      signals = new EventEmitter()
      const code = await runCommandLine(commands, {
        argv: [...words.split(' '), '--config', 'the-configuration'],
        readFile: () => Promise.resolve(configOf(change)),
        print: (text) => void out.push(text),
        printError: (text) => void errors.push(text),
        signals: Object.assign(signals, { exit: () => undefined }),
        clock: systemClock,
      })
      return { code, out: out.join(''), errors: errors.join('') }
    },
    close: () => rm(folder, { recursive: true }),
  }
}

const person = 'platform-operator'

/** As docs/guides/tenant-life.md says it. */
async function bindRoles(admin: KubeClient): Promise<void> {
  const group = 'rbac.authorization.k8s.io'
  const subjects = [{ kind: 'User', apiGroup: group, name: person }]
  for (const [kind, role, namespace] of [
    ['ClusterRoleBinding', 'ClusterRole', undefined],
    ['RoleBinding', 'Role', systemNamespace],
  ] as const) {
    const of = { group, version: 'v1', kind, plural: `${kind.toLowerCase()}s`, namespaced: namespace !== undefined }
    const roleRef = { apiGroup: group, kind: role, name: 'bulkhead-cli' }
    await admin.create(of, { metadata: { name: 'bulkhead-cli', namespace }, roleRef, subjects })
  }
}
