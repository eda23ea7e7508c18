import { readFile } from 'node:fs/promises'
import { readSecretFile, useOption } from '@bulkhead/runtime'
import type { Clock, HistogramMetric } from '@bulkhead/runtime'
import { z } from 'zod'
import type { DatabaseOptions } from './database.ts'

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const shardName = z.string().max(32).regex(label, 'want a DNS label of at most 32 characters in lower case')

const server = {
  host: z.string().min(1),
  port: z.int().min(1).max(65535).default(5432),
  database: z.string().min(1).max(63),
  user: z.string().min(1).max(63).describe('LOGIN CREATEROLE, and owner of the database'),
  passwordFile: z.string().min(1).describe('Read again for every connection'),
  maxConnections: z.int().min(1).max(100).default(8),
  maxSchemas: z
    .int()
    .min(0)
    .max(100_000)
    .default(1000)
    .describe('So many tenants are placed on it, kept schemas of deleted ones among them; 0: no more come'),
  tls: z
    .strictObject({ caFile: z.string().min(1).describe("The authorities of the server's certificate") })
    .optional()
    .describe('Encrypted, and only with a server whose certificate is of one of these and names the host'),
}

const furtherShard = z.strictObject({ name: shardName, ...server })

/** How the operator and the command line reach Postgres. */
export const postgresOptions = z
  .strictObject({
    ...server,
    shard: shardName.default('default').describe('The name of this server; the registry is on it'),
    shards: z.array(furtherShard).max(64).default([]).describe('More servers, or databases, for schemas'),
  })
  .superRefine((options, context) => {
    const [first, ...further] = databaseShards(options)
    const seen = [first]
    for (const [index, one] of further.entries()) {
      const refuse = (field: string, message: string) => {
        context.addIssue({ code: 'custom', path: ['shards', index, field], message, input: one })
      }
      if (seen.some(({ name }) => name === one.name)) refuse('name', 'each name must stand once, that of the first too')
      if (seen.some((other) => isSameDatabase(other, one))) refuse('host', 'another shard is this very database')
      seen.push(one)
    }
  })

export type PostgresOptions = z.infer<typeof postgresOptions>
export type DatabaseShardOptions = z.infer<typeof furtherShard>

/** The servers of the configuration, the one with the registry first. */
export function databaseShards({
  shard,
  shards,
  ...first
}: PostgresOptions): readonly [DatabaseShardOptions, ...DatabaseShardOptions[]] {
  return [{ name: shard, ...first }, ...shards]
}

function isSameDatabase(one: DatabaseShardOptions, other: DatabaseShardOptions): boolean {
  return one.host === other.host && one.port === other.port && one.database === other.database
}

/** What every connection needs besides the options. */
export interface ConnectionParts {
  readonly clock: Clock
  readonly latency: HistogramMetric
}

/** Reads the files that the options name; throws a `ConfigProblem` with the option's name, which begins with `at`. */
export async function readPostgresOptions(
  options: Omit<DatabaseShardOptions, 'name'>,
  { clock, latency }: ConnectionParts,
  at = 'postgres',
): Promise<DatabaseOptions> {
  const { host, port, database, user, maxConnections, passwordFile, tls } = options
  const readPassword = () => readSecretFile(`${at}.passwordFile`, passwordFile)
  const password = await readPassword()
  const read = { host, port, database, user, maxConnections, clock, latency, password, readPassword }
  if (tls === undefined) return read
  const option = { name: `${at}.tls.caFile`, value: tls.caFile, allowed: 'the path of a file of PEM certificates' }
  const trustedCertificates = await useOption(option, async (path) => {
    const text = await readFile(path, 'utf8')
    if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new Error('there is no certificate in it')
    return text
  })
  return { ...read, trustedCertificates }
}

/** Likewise for every server of the configuration, by the name of its shard; the one with the registry first. */
export async function readShardOptions(
  options: PostgresOptions,
  parts: ConnectionParts,
): Promise<ReadonlyMap<string, DatabaseOptions>> {
  const read = new Map<string, DatabaseOptions>()
  for (const [index, shard] of databaseShards(options).entries()) {
    const at = index === 0 ? 'postgres' : `postgres.shards[${index - 1}]`
    read.set(shard.name, await readPostgresOptions(shard, parts, at))
  }
  return read
}
