import { createHash } from 'node:crypto'
import type { ComponentRepresentation, Fields } from '@bulkhead/identity'

/** What Keycloak calls that which makes keys. */
export const keyProviderType = 'org.keycloak.keys.KeyProvider'

/** A key of ours: a component, whose name holds what Keycloak has no place for. Times are in seconds. */
export interface OwnKey {
  readonly id: string
  readonly createdAt: number
  /** When the Tenant's status was first seen to hold it. */
  readonly confirmedAt: number | undefined
  /** Until when it stays published after it stopped signing. */
  readonly keepUntil: number | undefined
  /** What was asked for when it was made. */
  readonly request: string
  readonly priority: number
  readonly isActive: boolean
  readonly isEnabled: boolean
}

/** An RSA key that is not of ours, or from before we kept account. */
export interface OtherKey {
  readonly id: string
  readonly name: string
  readonly isActive: boolean
  readonly isEnabled: boolean
}

export interface SeenSigningKeys {
  readonly own: readonly OwnKey[]
  readonly others: readonly OtherKey[]
}

/** By the highest priority Keycloak chooses the key that signs. */
export const priorities = { signing: 100, next: 50, retired: 0 } as const

/** One text for whatever was asked for. */
export function requestOf(asked: string | undefined): string {
  return asked === undefined ? '-' : createHash('sha256').update(asked).digest('hex').slice(0, 16)
}

const namePattern = /^bulkhead (\d+) (\d+|-) (\d+|-) ([0-9a-f]{16}|-)$/

/** The component of a key: whatever is decided of it stands in it, so that a crash forgets nothing. */
export function keyComponent(key: Omit<OwnKey, 'id'>): Fields {
  const { createdAt, confirmedAt = '-', keepUntil = '-', request, priority, isActive, isEnabled } = key
  return {
    name: `bulkhead ${createdAt} ${confirmedAt} ${keepUntil} ${request}`,
    ...{ providerId: 'rsa-generated', providerType: keyProviderType },
    config: {
      ...{ priority: [String(priority)], active: [String(isActive)], enabled: [String(isEnabled)] },
      ...{ algorithm: ['RS256'], keySize: ['2048'] },
    },
  }
}

/** The first key of a new realm. */
export function firstKey(nowSeconds: number, request: string): Fields {
  return keyComponent({
    ...{ createdAt: nowSeconds, confirmedAt: nowSeconds, keepUntil: undefined, request },
    ...{ priority: priorities.signing, isActive: true, isEnabled: true },
  })
}

const kinds = ['rsa-generated', 'rsa', 'java-keystore']

/** The keys among the components that sign with RSA. */
export function signingKeysIn(components: readonly ComponentRepresentation[]): SeenSigningKeys {
  const rsa = components.filter((one) => one.providerType === keyProviderType && kinds.includes(one.providerId))
  const own = rsa.flatMap((one) => ownKey(one) ?? [])
  const others = rsa.filter((one) => ownKey(one) === undefined).map((one) => ({ ...stateOf(one), name: one.name }))
  return { own, others }
}

function ownKey(component: ComponentRepresentation): OwnKey | undefined {
  const told = namePattern.exec(component.name)
  if (told === null) return undefined
  const seconds = (part: string | undefined) => (part === undefined || part === '-' ? undefined : Number(part))
  return {
    ...stateOf(component),
    ...{ createdAt: seconds(told[1]) ?? 0, confirmedAt: seconds(told[2]), keepUntil: seconds(told[3]) },
    ...{ request: told[4] ?? '-', priority: Number(component.config['priority']?.[0] ?? 0) },
  }
}

function stateOf({ id, config }: ComponentRepresentation): Pick<OwnKey, 'id' | 'isActive' | 'isEnabled'> {
  return { id, isActive: config['active']?.[0] !== 'false', isEnabled: config['enabled']?.[0] !== 'false' }
}
