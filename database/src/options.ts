import { readFile } from 'node:fs/promises'
import { readSecretFile, useOption } from '@bulkhead/runtime'
import type { Clock, HistogramMetric } from '@bulkhead/runtime'
import { z } from 'zod'
import type { DatabaseOptions } from './database.ts'

const server = {
  host: z.string().min(1),
  port: z.int().min(1).max(65535).default(5432),
  database: z.string().min(1).max(63),
  user: z.string().min(1).max(63).describe('LOGIN CREATEROLE, and owner of the database'),
  passwordFile: z.string().min(1),
  maxConnections: z.int().min(1).max(100).default(8),
  tls: z
    .strictObject({ caFile: z.string().min(1).describe("The authorities of the server's certificate") })
    .optional()
    .describe('Encrypted, and only with a server whose certificate is of one of these and names the host'),
}

/** How the operator and the command line reach Postgres. */
export const postgresOptions = z.strictObject(server)

export type PostgresOptions = z.infer<typeof postgresOptions>

/** Reads the files that the options name; throws a `ConfigProblem` with the option's name, which begins with `at`. */
export async function readPostgresOptions(
  options: PostgresOptions,
  rest: { readonly clock: Clock; readonly latency: HistogramMetric },
  at = 'postgres',
): Promise<DatabaseOptions> {
  const { passwordFile, tls, ...server } = options
  const password = await readSecretFile(`${at}.passwordFile`, passwordFile)
  if (tls === undefined) return { ...server, ...rest, password }
  const option = { name: `${at}.tls.caFile`, value: tls.caFile, allowed: 'the path of a file of PEM certificates' }
  const certificates = await useOption(option, async (path) => {
    const text = await readFile(path, 'utf8')
    if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new Error('there is no certificate in it')
    return text
  })
  return { ...server, ...rest, password, trustedCertificates: certificates }
}
