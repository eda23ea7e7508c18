import { isUnavailableScript, tenantJwt } from '../contract.ts'
import { at, everyObject, everyText, isOfType, listAt, textAt } from '../json.ts'
import type { Json } from '../json.ts'
import { is, isAbsent, isEqualTo, isOff, isSet, optionRules, rule } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { chain, jwts, ownerOf, providers } from './reading.ts'

function isOwnAudience(audience: Json): boolean {
  return typeof audience === 'string' && audience.startsWith('urn:bulkhead:tenant:')
}

const forgiving = ['allowMissing', 'allowMissingOrFailed', 'extractOnlyWithoutValidation', 'requiresAny'] as const
/** Who may be whom: the tenant's own issuer, keys and audience, and nobody else's. */
export const identityRules: readonly Rule[] = [
  ...optionRules('D-01', jwts, {
    'rules.0.match.prefix': is(''),
    'rules.0.requires.providerName': isSet,
    'rules.1': isAbsent,
    filterStateRules: isAbsent,
    bypassCorsPreflight: isOff,
    stripFailureResponse: is(true),
  }),
  ...optionRules('D-01', providers, {
    issuer: isSet,
    'audiences.0': isSet,
    requireExpiration: is(true),
    maxLifetime: isSet,
    payloadInMetadata: is('payload'),
  }),
  ...optionRules('D-04', providers, {
    fromHeaders: isEqualTo([{ name: 'authorization', valuePrefix: 'Bearer ' }]),
    fromParams: isAbsent,
    fromCookies: isAbsent,
  }),
  ...optionRules('D-05', providers, {
    'localJwks.inlineString': isSet,
    remoteJwks: isAbsent,
    jwtCacheConfig: isAbsent,
  }),
  ...optionRules('D-07', providers, { claimToHeaders: isAbsent, forwardPayloadHeader: isAbsent }),
  rule('D-01/one-audience', 'a realm must have the one audience of its tenant', (routes) =>
    providers(routes).every((provider) => {
      const audiences = listAt(provider, 'audiences')
      return audiences.length === 1 || !audiences.some(isOwnAudience)
    }),
  ),
  rule(
    'D-01/one-provider',
    'there must be one provider',
    (routes) => jwts(routes).length === 0 || providers(routes).length === 1,
  ),
  rule('D-03/allow-missing', `nothing may be forgiven: ${forgiving.join(', ')}`, (routes) =>
    everyObject(routes).every((object) => forgiving.every((key) => !(key in object))),
  ),
  rule(
    'slots/tenant-auth',
    `the tenant's chain must be one filter "${tenantJwt}": its JWT filter, or our refusal`,
    (routes) => {
      const [filter, ...others] = chain(routes)
      const source = textAt(filter, 'typedConfig.defaultSourceCode.inlineString')
      const isOurs = isOfType(at(filter, 'typedConfig'), 'JwtAuthentication') || isUnavailableScript(source)
      return others.length === 0 && textAt(filter, 'name') === tenantJwt && isOurs
    },
  ),
]

// The three forms in which a tenant's id stands inside a name: a resource's, an audience, an issuer.
const owners = /^([a-z2-7]{13})\/|^urn:bulkhead:tenant:(.*)$|\/realms\/[^/]*-([a-z2-7]{13})$/

/** No name in a tenant's routes is another tenant's. */
export const isolationRule = rule('D-01/isolation', 'every name must be of the tenant itself', (routes) => {
  const owner = ownerOf(routes)
  const foreign = everyText(routes).filter((text) => {
    const [, ofResource, ofAudience, ofIssuer] = owners.exec(text) ?? []
    const id = ofResource ?? ofAudience ?? ofIssuer
    return id !== undefined && id !== owner
  })
  return owner !== '' && foreign.length === 0
})
