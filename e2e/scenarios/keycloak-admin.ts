import { readFile } from 'node:fs/promises'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { z } from 'zod'

/** A key of a realm whose private half the scenario holds: with it, a token can be wrong in one thing only. */
export interface RealmKey {
  readonly privateKey: KeyObject
  /** The modulus, by which the key is found in a JWKS. */
  readonly modulus: string
}

/** Keycloak as the platform's operator at the keyboard sees it. */
export interface KeycloakAdmin {
  /** An access token of the master realm. */
  masterToken(): Promise<string>
  /** Adds a second signing key to a realm; the active one stays what it was. */
  addKey(realm: string): Promise<RealmKey>
}

const token = z.object({ access_token: z.string() })
const representation = z.object({ id: z.string() })

/** An administrator by the bootstrap client. */
export function createKeycloakAdmin(
  url: string,
  client: { readonly id: string; readonly secretFile: string },
): KeycloakAdmin {
  const masterToken = async (): Promise<string> => {
    const secret = (await readFile(client.secretFile, 'utf8')).trim()
    const answer = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client.id, client_secret: secret }),
    })
    return token.parse(await answer.json()).access_token
  }
  const call = async (path: string, body?: object): Promise<Response> => {
    const answer = await fetch(`${url}/admin/realms/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${await masterToken()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`Keycloak answered ${answer.status} to ${path}: ${await answer.text()}`)
    return answer
  }
  return {
    masterToken,
    addKey: async (realm) => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const { id } = representation.parse(await (await call(realm)).json())
      const config = {
        priority: ['50'],
        enabled: ['true'],
        active: ['true'],
        algorithm: ['RS256'],
        privateKey: [privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
      }
      const providerType = 'org.keycloak.keys.KeyProvider'
      await call(`${realm}/components`, { name: 'scenario', parentId: id, providerId: 'rsa', providerType, config })
      return { privateKey, modulus: publicKey.export({ format: 'jwk' }).n ?? '' }
    },
  }
}
