import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { keyProvider } from '../model/built-in.ts'
import type { Component, Realm } from '../model/state.ts'

/** A key pair of a realm. */
export interface RealmKey {
  readonly kid: string
  readonly componentId: string
  readonly use: 'sig' | 'enc'
  readonly algorithm: string
  readonly isActive: boolean
  readonly privateKey: KeyObject
}

interface Pair {
  readonly privateKey: KeyObject
  readonly jwk: { readonly n: string; readonly e: string }
}

// A pair costs a tenth of a second: a thousand realms share four, so that the keys of one realm differ. A realm's kids
// are its own, and a kid is looked for in its own realm only.
const mostPairs = 4
const pairs: Pair[] = []

function pairAt(index: number): Pair {
  const known = pairs[index % mostPairs]
  if (known !== undefined) return known
  const made = pairOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
  pairs[index % mostPairs] = made
  return made
}

function pairOf(privateKey: KeyObject): Pair {
  const { n = '', e = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { privateKey, jwk: { n, e } }
}

const useOf: Readonly<Record<string, 'sig' | 'enc'>> = {
  'rsa-generated': 'sig',
  rsa: 'sig',
  'rsa-enc-generated': 'enc',
  'rsa-enc': 'enc',
}

/** What Keycloak can make keys with; the double makes those of RSA. */
export const keyProviders = [...Object.keys(useOf), 'aes-generated', 'hmac-generated', 'ecdsa-generated']

const imported = new WeakMap<Component, Pair>()

function pairOfComponent(component: Component): Pair {
  const pem = component.config['privateKey']?.[0]
  if (pem === undefined) return pairAt(component.ordinal)
  const made = imported.get(component) ?? pairOf(createPrivateKey(pem))
  imported.set(component, made)
  return made
}

function priorityOf({ config }: Component): number {
  return Number(config['priority']?.[0] ?? 0)
}

/** The enabled key pairs of a realm, by priority. */
export function keysOf(realm: Realm): readonly RealmKey[] {
  const all = [...realm.components.values()].filter((one) => one.providerType === keyProvider)
  const made = all.flatMap((component): readonly (readonly [Component, RealmKey])[] => {
    const use = useOf[component.providerId]
    if (use === undefined || component.config['enabled']?.[0] === 'false') return []
    const algorithm = component.config['algorithm']?.[0] ?? (use === 'sig' ? 'RS256' : 'RSA-OAEP')
    const kid = createHash('sha256').update(`${realm.id} ${component.id}`).digest('base64url')
    const isActive = component.config['active']?.[0] !== 'false'
    const { privateKey } = pairOfComponent(component)
    return [[component, { kid, componentId: component.id, use, algorithm, isActive, privateKey }]]
  })
  return made.toSorted(([a], [b]) => priorityOf(b) - priorityOf(a)).map(([, key]) => key)
}

/** The key that signs. */
export function signingKey(realm: Realm): RealmKey | undefined {
  return keysOf(realm).find((key) => key.use === 'sig' && key.isActive)
}

/** What a realm publishes. */
export function publishedKeys(realm: Realm): object {
  const keys = keysOf(realm).map(({ kid, use, algorithm: alg, privateKey }) => {
    const { jwk } = pairs.find((pair) => pair.privateKey === privateKey) ?? pairOf(privateKey)
    return { kid, kty: 'RSA', alg, use, ...jwk }
  })
  return { keys }
}
