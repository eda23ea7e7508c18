import { Secret } from '@bulkhead/runtime'
import type { KubeBody, KubeMetadata, KubeObject } from '@bulkhead/runtime'
import { z } from 'zod'

const secretData = z.object({ data: z.record(z.string(), z.string()).default({}) })

/** The body of a Secret; its values leave their wrapping only here, on their way to the API server. */
export function secretBody(
  metadata: KubeMetadata,
  values: Readonly<Record<string, Secret<string> | string>>,
): KubeBody {
  const data = Object.entries(values).map(([key, value]) => {
    const text = typeof value === 'string' ? value : value.reveal()
    return [key, Buffer.from(text, 'utf8').toString('base64')]
  })
  return { metadata, type: 'Opaque', data: Object.fromEntries(data) as Record<string, string> }
}

/** One value of a Secret, or undefined when it is not there. */
export function secretValue(object: KubeObject | undefined, key: string): Secret<string> | undefined {
  const parsed = secretData.safeParse(object)
  if (!parsed.success || !Object.hasOwn(parsed.data.data, key)) return undefined
  const text = Buffer.from(parsed.data.data[key] ?? '', 'base64').toString('utf8')
  return text === '' ? undefined : new Secret(text)
}
