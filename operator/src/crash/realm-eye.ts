import { realmOf } from '@bulkhead/tenancy'
import type { TenantName } from '@bulkhead/tenancy'
import type { KeycloakDouble, TestKeycloak } from '@bulkhead/identity/testing'
import { z } from 'zod'
import type { Incarnation } from './incarnation.ts'

/** Looks at all of Keycloak. */
export interface RealmEye {
  /** Everything that is in the realms of a name, each as one value to compare with another one's. */
  look(name: TenantName, incarnations: readonly Incarnation[]): Promise<readonly object[]>
}

/** Of the double, which shows what it holds. */
export function eyeOfDouble(double: KeycloakDouble): RealmEye {
  return {
    look: (name) => {
      const realms = double.realms().filter((realm) => realm.startsWith(`${name}-`))
      return Promise.resolve(realms.flatMap((realm) => double.dump(realm) ?? []))
    },
  }
}

const token = z.object({ access_token: z.string() })

/** Of a real one, by its bootstrap account: what was written, but for passwords and keys, which it shows to nobody. */
export function eyeOfKeycloak({ url, clientId, clientSecret }: TestKeycloak): RealmEye {
  const logIn = async (): Promise<string> => {
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    const path = '/realms/master/protocol/openid-connect/token'
    const answer = await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form), signal: limit() })
    return token.parse(await answer.json()).access_token
  }
  const read = async (path: string, bearer: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${bearer}` }
    const answer = await fetch(`${url}/admin/realms/${path}`, { headers, signal: limit() })
    if (answer.status === 404) return undefined
    if (!answer.ok) throw new Error(`Cannot look at "${path}": Keycloak answered ${answer.status}`)
    return answer.json()
  }
  return {
    look: async (name, incarnations) => {
      const bearer = await logIn()
      const looks = incarnations.map(async ({ id }) => {
        const realm = realmOf({ name, id })
        const settings = await read(realm, bearer)
        if (settings === undefined) return []
        const inside = parts.map(async (part) => [part, await read(`${realm}/${part}`, bearer)] as const)
        return [shown({ settings, ...Object.fromEntries(await Promise.all(inside)) })]
      })
      return (await Promise.all(looks)).flat()
    },
  }
}

const limit = (): AbortSignal => AbortSignal.timeout(30_000)
const parts: readonly string[] = [
  ...['clients?max=1000', 'client-scopes', 'default-default-client-scopes', 'components', 'users?max=1000', 'roles'],
  ...['authentication/required-actions', 'identity-provider/instances', 'groups'],
]
const passing: readonly string[] = [
  'id',
  'containerId',
  'parentId',
  'internalId',
  'createdTimestamp',
  'client.secret.creation.time',
  'access',
]

function shown(value: object): object {
  return z.record(z.string(), z.unknown()).parse(inOrder(value))
}

// Keycloak lists in no order, and ids are nobody's choice.
function inOrder(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(inOrder).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => !passing.includes(key))
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, inOrder(one)]))
}
