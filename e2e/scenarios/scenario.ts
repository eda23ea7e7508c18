// scenarios: what the whole platform promises, tried from outside on real parts. One platform serves all of them.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import pg from 'pg'
import { inject } from 'vitest'
import { systemClock, type Clock } from '@bulkhead/runtime'
import { lintConfigDump } from '@bulkhead/xds-server/testing-lint'
import { createGatewayClient, sendRaw, type Edge, type GatewayClient } from '../client/gateway-client.ts'
import { openPlatform, type Platform } from '../platform/platform.ts'
import { eventually } from '../world/eventually.ts'
import { createKubectl, type Kubectl } from '../world/kubectl.ts'
import type { Organisation } from '../world/organisation.ts'
import { createKeycloakAdmin, type KeycloakAdmin } from './keycloak-admin.ts'

/** What a scenario works with. */
export interface Scenario {
  readonly platform: Platform
  readonly baseDomain: string
  readonly kubectl: Kubectl
  readonly client: GatewayClient
  readonly edge: Edge
  readonly clock: Clock
  readonly keycloak: KeycloakAdmin
  /** A name that no other scenario uses. */
  name(base: string): string
  /** A query as Postgres' superuser. */
  sql(query: string, values: readonly string[]): Promise<readonly unknown[]>
  /** Sends a request exactly as written and returns what came back. */
  raw(serverName: string, lines: readonly string[], body?: string): Promise<string>
  /** The log line of the decision on the request whose path holds the marker. */
  opaDecision(marker: string): Promise<string>
  /** Counters and gauges of each Envoy. */
  envoyCounters(): Promise<readonly Readonly<Record<string, number>>[]>
  /** Lints what each Envoy has come to, ends the organisations' backends, closes every connection, and sees their Tenants gone. */
  close(...organisations: readonly (Organisation | undefined)[]): Promise<void>
}

const root = resolve(import.meta.dirname, '../..')

/** Opens the platform that the run has started. */
export async function openScenario(): Promise<Scenario> {
  const platform = await openPlatform({ dir: inject('platformDir'), root, log: () => undefined })
  if (platform === undefined) throw new Error('Cannot open the platform: it was not started')
  const { endpoints } = platform
  const edge = { port: endpoints.edgePort, authority: await readFile(endpoints.edgeCaFile, 'utf8') }
  const kubectl = createKubectl(join(root, '.tools/bin/kubectl'), endpoints.kubeconfigs.admin)
  const client = createGatewayClient(edge)
  const { host, port, database, superuser } = endpoints.postgres
  const password = (await readFile(superuser.passwordFile, 'utf8')).trim()
  const suffix = randomBytes(3).toString('hex')
  return {
    platform,
    edge,
    kubectl,
    client,
    clock: systemClock,
    baseDomain: endpoints.baseDomain,
    keycloak: createKeycloakAdmin(endpoints.keycloakUrl, endpoints.keycloakClient),
    name: (base) => `${base}-${suffix}`,
    sql: async (query, values) => {
      const connection = new pg.Client({ host, port, database, user: superuser.user, password })
      await connection.connect()
      try {
        return (await connection.query<Record<string, unknown>>(query, [...values])).rows
      } finally {
        await connection.end()
      }
    },
    raw: (serverName, lines, body = '') => sendRaw(edge, serverName, `${lines.join('\r\n')}\r\n\r\n${body}`),
    opaDecision: (marker) =>
      eventually(
        () =>
          findDecision(
            endpoints.opa.map((opa) => opa.logFile),
            marker,
          ),
        { what: 'the decision' },
      ),
    envoyCounters: () => Promise.all(endpoints.envoyAdmin.map(({ socketPath }) => readCounters(socketPath))),
    close: async (...organisations) => {
      const known = organisations.filter((organisation) => organisation !== undefined)
      await Promise.all(endpoints.envoyAdmin.map(({ socketPath }) => lintEnvoy(socketPath)))
      await Promise.all(known.map((organisation) => organisation.stop()))
      client.close()
      const names = known.map(({ name }) => name)
      // To the end, so that the next file finds an operator and a Keycloak that have nothing left to do.
      if (names.length > 0) await kubectl.run(['delete', 'tenant', '--ignore-not-found', '--timeout=180s', ...names])
    },
  }
}

async function findDecision(files: readonly string[], marker: string): Promise<string> {
  for (const file of files) {
    const found = (await readFile(file, 'utf8'))
      .split('\n')
      .find((line) => line.includes(marker) && line.includes('decision_id'))
    if (found !== undefined) return found
  }
  throw new Error(`No decision log line holds "${marker}"`)
}

async function readCounters(socketPath: string): Promise<Readonly<Record<string, number>>> {
  const pairs = (await askAdmin(socketPath, '/stats')).split('\n').flatMap((line) => {
    const match = /^(.+): (\d+)$/.exec(line)
    return match === null ? [] : [[match[1] ?? '', Number(match[2])] as const]
  })
  return Object.fromEntries(pairs)
}

async function lintEnvoy(socketPath: string): Promise<void> {
  const { count, findings } = lintConfigDump(await askAdmin(socketPath, '/config_dump'))
  if (count === 0) throw new Error('Cannot lint what an Envoy has: it has nothing')
  if (findings.length > 0) throw new Error(`An Envoy has what must never be: ${JSON.stringify(findings)}`)
}

function askAdmin(socketPath: string, path: string): Promise<string> {
  return new Promise((resolveText, reject) => {
    const asked = httpRequest({ socketPath, path, timeout: 5000 }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolveText(text))
    })
    asked.on('error', reject)
    asked.end()
  })
}
