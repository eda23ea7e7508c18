import { generateKeyPairSync } from 'node:crypto'
import { answerJson } from '@bulkhead/identity/testing'
import type { Answer } from '@bulkhead/identity/testing'

/** Answers as any number of identity providers, one at each `/<name>`, all with the same key. */
export function answerAsIssuer(url: string): Answer {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }]
  return (response) => {
    const [, name = '', ...rest] = (response.req.url ?? '').split('/')
    const issuer = `${url}/${name}`
    const endpoints = {
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
    }
    const isDiscovery = rest.join('/') === '.well-known/openid-configuration'
    answerJson(isDiscovery ? { issuer, ...endpoints } : { keys })(response)
  }
}
