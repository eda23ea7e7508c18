import { z } from 'zod'
import type { TestKeycloak } from '@bulkhead/identity/testing'

/** Somebody with the bootstrap account who changes what the operator keeps. */
export interface RealmVandal {
  settings(): Promise<unknown>
  loosenSettings(): Promise<void>
  removeAudience(): Promise<void>
  disableClient(clientId: string): Promise<void>
  /** Gives a client a mapper that puts another's name into its tokens. */
  forgeMapper(clientId: string): Promise<void>
  /** The internal id of a client. */
  idOf(clientId: string): Promise<string>
  /** The roles that a client defines, as Keycloak shows them. */
  rolesOf(clientId: string): Promise<readonly { readonly id: string; readonly name?: string | undefined }[]>
  /** The ids of all clients that begin with a text. */
  clientIds(prefix: string): Promise<readonly string[]>
}

const tokenShape = z.object({ access_token: z.string() })
const idsShape = z.array(
  z.looseObject({ id: z.string(), name: z.string().optional(), clientId: z.string().optional() }),
)

export function realmVandal({ url, clientId, clientSecret }: TestKeycloak, realm: string): RealmVandal {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    const tokenUrl = `${url}/realms/master/protocol/openid-connect/token`
    const answer = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(form) })
    const { access_token: token } = tokenShape.parse(await answer.json())
    const result = await fetch(`${url}/admin/realms/${realm}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await result.text()
    if (!result.ok) throw new Error(`${method} ${path}: ${result.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const first = async (path: string, name?: string): Promise<string> => {
    const found = idsShape.parse(await call('GET', path)).find((one) => name === undefined || one.name === name)
    return found?.id ?? ''
  }
  return {
    settings: () => call('GET', ''),
    loosenSettings: async () => {
      await call('PUT', '', { sslRequired: 'NONE', accessTokenLifespan: 999_999, registrationAllowed: true })
    },
    removeAudience: async () => {
      const mappers = `/client-scopes/${await first('/client-scopes', 'bulkhead-audience')}/protocol-mappers/models`
      await call('DELETE', `${mappers}/${await first(mappers)}`)
    },
    forgeMapper: async (name) => {
      await call('POST', `/clients/${await first(`/clients?clientId=${name}`)}/protocol-mappers/models`, {
        ...{ name: 'forged', protocol: 'openid-connect', protocolMapper: 'oidc-hardcoded-claim-mapper' },
        config: { 'claim.name': 'forged', 'claim.value': 'yes', 'access.token.claim': 'true' },
      })
    },
    idOf: (name) => first(`/clients?clientId=${name}`),
    rolesOf: async (name) =>
      idsShape.parse(await call('GET', `/clients/${await first(`/clients?clientId=${name}`)}/roles`)),
    clientIds: async (prefix) => {
      const clients = idsShape.parse(await call('GET', '/clients?max=1000'))
      return clients.flatMap((one) => (one.clientId?.startsWith(prefix) === true ? [one.clientId] : []))
    },
    disableClient: async (name) => {
      await call('PUT', `/clients/${await first(`/clients?clientId=${name}`)}`, { enabled: false })
    },
  }
}
