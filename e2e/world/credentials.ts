import { z } from 'zod'
import type { Credentials } from '../client/tokens.ts'
import type { Kubectl } from './kubectl.ts'

const secret = z.object({ data: z.record(z.string(), z.string()) })

/** What the Secret of a Subscription holds. */
export async function readCredentials(kubectl: Kubectl, namespace: string, subscription: string): Promise<Credentials> {
  const { data } = secret.parse(await kubectl.read(['get', 'secret', '-n', namespace, `${subscription}-credentials`]))
  const value = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8')
  return {
    clientId: value('client-id'),
    clientSecret: value('client-secret'),
    tokenUrl: value('token-url'),
    baseUrl: value('base-url'),
  }
}
