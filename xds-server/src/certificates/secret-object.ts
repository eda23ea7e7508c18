import { Secret } from '@bulkhead/runtime'
import type { KubeKind } from '@bulkhead/runtime'
import { z } from 'zod'
import type { Host } from '@bulkhead/tenancy'
import { checkPair, maxPairBytes, tooLarge } from './check.ts'
import type { Checked } from './check.ts'

export const secretKind: KubeKind = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

const tlsType = 'kubernetes.io/tls'
const certKey = 'tls.crt'
const privateKeyKey = 'tls.key'
const shape = z.object({ type: z.string().default(''), data: z.record(z.string(), z.string()).default({}) })

/** Whether the certificate of a Secret, as the API server gives it, can stand for a host. */
export function checkSecret(raw: unknown, host: Host): Checked {
  const parsed = shape.safeParse(raw)
  if (!parsed.success) return { kind: 'bad', problem: 'cannot be read as a Secret' }
  const { type, data } = parsed.data
  if (type !== tlsType) return { kind: 'bad', problem: `is not of type ${tlsType}` }
  const { [certKey]: cert = '', [privateKeyKey]: key = '' } = data
  // Judged in base64, so that what is too large is not even decoded.
  if ((cert.length + key.length) * 0.75 > maxPairBytes + 4) return tooLarge
  return checkPair({ cert: decoded(cert), key: new Secret(decoded(key)) }, host)
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8')
}
