import type { Fields, RealmRepresentation } from '@bulkhead/identity'
import { ownerAttribute } from '../realm.ts'
import { builtInBrowserFlow, requiredFlow } from './flows.ts'

const maxEventAgeSeconds = 7 * 24 * 3600

export interface RealmFacts {
  readonly ownerUid: string
  readonly displayName: string
  readonly enabled: boolean
  readonly accessTokenLifespanSeconds: number
  readonly sessionIdleSeconds: number
  readonly sessionMaxSeconds: number
  readonly isMfaRequired: boolean
  readonly passwordMinLength: number
}

/** What we keep of a realm; everything else belongs to the tenant and the platform. */
export type RealmSettings = ReturnType<typeof realmSettings>

export function realmSettings(facts: RealmFacts) {
  return {
    ...{ enabled: facts.enabled, displayName: facts.displayName, sslRequired: 'external' },
    ...{ registrationAllowed: false, userManagedAccessAllowed: false, adminPermissionsEnabled: false },
    ...lifetimes(facts),
    ...bruteForce,
    browserFlow: facts.isMfaRequired ? requiredFlow.alias : builtInBrowserFlow,
    passwordPolicy: `length(${facts.passwordMinLength}) and notUsername(undefined) and notEmail(undefined) and passwordHistory(5)`,
    ...{ eventsEnabled: true, eventsExpiration: maxEventAgeSeconds },
    // Without details: those hold what was sent, and what was sent may be secret.
    ...{ adminEventsEnabled: true, adminEventsDetailsEnabled: false },
    attributes: { [ownerAttribute]: facts.ownerUid, adminEventsExpiration: String(maxEventAgeSeconds) },
  } as const
}

// Refresh tokens live as long as their session, and each is good once: a stolen one ends with the next use of either.
function lifetimes({ accessTokenLifespanSeconds, sessionIdleSeconds, sessionMaxSeconds }: RealmFacts) {
  return {
    ...{ defaultSignatureAlgorithm: 'RS256', accessTokenLifespan: accessTokenLifespanSeconds },
    accessTokenLifespanForImplicitFlow: accessTokenLifespanSeconds,
    ...{ ssoSessionIdleTimeout: sessionIdleSeconds, ssoSessionMaxLifespan: sessionMaxSeconds },
    ...{ ssoSessionIdleTimeoutRememberMe: 0, ssoSessionMaxLifespanRememberMe: 0 },
    ...{ clientSessionIdleTimeout: 0, clientSessionMaxLifespan: 0 },
    ...{ offlineSessionMaxLifespanEnabled: true, offlineSessionMaxLifespan: sessionMaxSeconds },
    offlineSessionIdleTimeout: sessionMaxSeconds,
    ...{ revokeRefreshToken: true, refreshTokenMaxReuse: 0 },
  }
}

// Ten mistakes cost a minute, each further one a minute more, up to a quarter of an hour. Nobody is shut out for good, for
// that would be a way to shut others out.
const bruteForce = {
  ...{ bruteForceProtected: true, permanentLockout: false, bruteForceStrategy: 'MULTIPLE', failureFactor: 10 },
  ...{ waitIncrementSeconds: 60, maxFailureWaitSeconds: 900, maxDeltaTimeSeconds: 43_200 },
  ...{ quickLoginCheckMilliSeconds: 1000, minimumQuickLoginWaitSeconds: 60 },
}

/** The settings that are not as wanted, ready to be sent; undefined when all are. */
export function realmDrift(wanted: RealmSettings, seen: RealmRepresentation): Fields | undefined {
  const { attributes, ...settings } = wanted
  const actual: Fields = seen
  const drifted = Object.entries(settings).filter(([key, value]) => actual[key] !== value)
  const isMarked = Object.entries(attributes).every(([key, value]) => seen.attributes[key] === value)
  // Keycloak forgets every attribute that is not sent.
  if (!isMarked) drifted.push(['attributes', { ...seen.attributes, ...attributes }] as never)
  return drifted.length === 0 ? undefined : Object.fromEntries(drifted)
}

/** The names of the settings that nobody else can choose. */
export const managedFields: readonly string[] = [
  ...Object.keys(
    realmSettings({
      ...{ ownerUid: '', displayName: '', enabled: true, accessTokenLifespanSeconds: 0, sessionIdleSeconds: 0 },
      ...{ sessionMaxSeconds: 0, isMfaRequired: false, passwordMinLength: 0 },
    }),
  ),
].filter((name) => name !== 'attributes')
