import type { ClientScopeRepresentation, Fields } from '@bulkhead/identity'
import { audienceScope } from '../realm.ts'

/** The mapper that names the tenant in `aud`. */
export function audienceMapper(audience: string) {
  return {
    name: 'tenant-audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: {
      'included.custom.audience': audience,
      'access.token.claim': 'true',
      'id.token.claim': 'false',
      'introspection.token.claim': 'true',
    },
  }
}

export function newAudienceScope(audience: string): Fields {
  return {
    name: audienceScope,
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'false', 'display.on.consent.screen': 'false' },
    protocolMappers: [audienceMapper(audience)],
  }
}

/** Whether the scope does exactly what it is for, and no mapper of somebody else stands in it. */
export function isAudienceScope(scope: ClientScopeRepresentation, audience: string): boolean {
  const wanted = audienceMapper(audience)
  const [mapper, ...others] = scope.protocolMappers
  if (mapper === undefined || others.length > 0) return false
  const config: Readonly<Record<string, string>> = mapper.config
  return (
    mapper.protocolMapper === wanted.protocolMapper &&
    Object.entries(wanted.config).every(([key, value]) => config[key] === value) &&
    config['included.client.audience'] === undefined
  )
}
