// What a realm of Keycloak 26.7 is when nothing else was said, as it shows itself.
const lifetimes = {
  ...{ notBefore: 0, revokeRefreshToken: false, refreshTokenMaxReuse: 0, defaultSignatureAlgorithm: 'RS256' },
  ...{ accessTokenLifespanForImplicitFlow: 900, ssoSessionIdleTimeout: 1800, ssoSessionMaxLifespan: 36_000 },
  ...{ ssoSessionIdleTimeoutRememberMe: 0, ssoSessionMaxLifespanRememberMe: 0, offlineSessionIdleTimeout: 2_592_000 },
  ...{ offlineSessionMaxLifespanEnabled: false, offlineSessionMaxLifespan: 5_184_000, clientSessionIdleTimeout: 0 },
  ...{ clientSessionMaxLifespan: 0, clientOfflineSessionIdleTimeout: 0, clientOfflineSessionMaxLifespan: 0 },
  ...{ accessCodeLifespan: 60, accessCodeLifespanUserAction: 300, accessCodeLifespanLogin: 1800 },
  ...{ actionTokenGeneratedByAdminLifespan: 43_200, actionTokenGeneratedByUserLifespan: 300 },
  ...{ oauth2DeviceCodeLifespan: 600, oauth2DevicePollingInterval: 5 },
}

const logins = {
  ...{ registrationAllowed: false, registrationEmailAsUsername: false, rememberMe: false, verifyEmail: false },
  ...{ loginWithEmailAllowed: true, duplicateEmailsAllowed: false, resetPasswordAllowed: false },
  ...{ editUsernameAllowed: false, bruteForceProtected: false, permanentLockout: false, maxTemporaryLockouts: 0 },
  ...{ bruteForceStrategy: 'MULTIPLE', maxFailureWaitSeconds: 900, minimumQuickLoginWaitSeconds: 60 },
  ...{ waitIncrementSeconds: 60, quickLoginCheckMilliSeconds: 1000, maxDeltaTimeSeconds: 43_200, failureFactor: 30 },
  ...{ maxSecondaryAuthFailures: 0, requiredCredentials: ['password'] },
}

const secondFactors = {
  ...{ otpPolicyType: 'totp', otpPolicyAlgorithm: 'HmacSHA1', otpPolicyInitialCounter: 0, otpPolicyDigits: 6 },
  ...{ otpPolicyLookAheadWindow: 1, otpPolicyPeriod: 30, otpPolicyCodeReusable: false },
  otpSupportedApplications: ['totpAppFreeOTPName', 'totpAppGoogleName', 'totpAppMicrosoftAuthenticatorName'],
  ...webAuthn('webAuthnPolicy', 'not specified', 'not specified'),
  ...webAuthn('webAuthnPolicyPasswordless', 'required', 'required'),
}

function webAuthn(prefix: string, residentKey: string, verification: string) {
  return {
    [`${prefix}RpEntityName`]: 'keycloak',
    [`${prefix}SignatureAlgorithms`]: ['ES256', 'RS256'],
    [`${prefix}RpId`]: '',
    [`${prefix}AttestationConveyancePreference`]: 'not specified',
    [`${prefix}AuthenticatorAttachment`]: 'not specified',
    [`${prefix}RequireResidentKey`]: 'not specified',
    [`${prefix}ResidentKey`]: residentKey,
    [`${prefix}UserVerificationRequirement`]: verification,
    [`${prefix}CreateTimeout`]: 0,
    [`${prefix}AvoidSameAuthenticatorRegister`]: false,
    [`${prefix}AcceptableAaguids`]: [],
    [`${prefix}ExtraOrigins`]: [],
  }
}

const theRest = {
  browserSecurityHeaders: {
    contentSecurityPolicyReportOnly: '',
    xContentTypeOptions: 'nosniff',
    referrerPolicy: 'no-referrer',
    xRobotsTag: 'none',
    xFrameOptions: 'SAMEORIGIN',
    contentSecurityPolicy: "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
    strictTransportSecurity: 'max-age=31536000; includeSubDomains',
  },
  ...{ smtpServer: {}, eventsEnabled: false, eventsListeners: ['jboss-logging'], enabledEventTypes: [] },
  ...{ adminEventsEnabled: false, adminEventsDetailsEnabled: false, internationalizationEnabled: false },
  ...{ browserFlow: 'browser', registrationFlow: 'registration', directGrantFlow: 'direct grant' },
  ...{ resetCredentialsFlow: 'reset credentials', clientAuthenticationFlow: 'clients' },
  ...{ dockerAuthenticationFlow: 'docker auth', firstBrokerLoginFlow: 'first broker login' },
  ...{ userManagedAccessAllowed: false, organizationsEnabled: false, verifiableCredentialsEnabled: false },
  ...{ adminPermissionsEnabled: false, scimApiEnabled: false },
  ...{ clientProfiles: { profiles: [] }, clientPolicies: { policies: [] } },
}

const untouched = { ...lifetimes, ...logins, ...secondFactors, ...theRest }

/** The settings of a realm of which only the name was given. */
export const realmDefaults = { ...untouched, enabled: false, sslRequired: 'external', accessTokenLifespan: 300 }

/** Attributes that every realm has; a change of the attributes leaves them. */
export const realmAttributes: Readonly<Record<string, string>> = {
  ...{ cibaBackchannelTokenDeliveryMode: 'poll', cibaExpiresIn: '120', cibaInterval: '5' },
  ...{ cibaAuthRequestedUserHint: 'login_hint', oauth2DeviceCodeLifespan: '600', oauth2DevicePollingInterval: '5' },
  parRequestUriLifespan: '60',
}

// Known to Keycloak, and not there until somebody says them.
const unset = ['displayNameHtml', 'eventsExpiration', 'defaultRole', 'loginTheme', 'accountTheme', 'adminTheme']
const unsetToo = ['emailTheme', 'supportedLocales', 'defaultLocale', 'localizationTexts', 'keycloakVersion']

/** Every field of a realm that the double keeps without doing anything with it. */
export const otherRealmFields: readonly string[] = [...Object.keys(untouched), ...unset, ...unsetToo]
