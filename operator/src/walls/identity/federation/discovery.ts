import type { Problem } from '@bulkhead/crds'
import { FetchRefused, checkKeys } from '@bulkhead/identity'
import type { GuardedFetch } from '@bulkhead/identity'
import { z } from 'zod'
import type { Endpoints } from './provider.ts'

export type Discovery =
  | { readonly kind: 'found'; readonly endpoints: Endpoints }
  /** A person has to act. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The other side did not answer as it should, and may again. */
  | { readonly kind: 'away'; readonly why: string }

const limits = { maxBytes: 256 * 1024, timeoutMs: 5000 }
const address = z.url({ protocol: /^https$/ }).max(512)
const document = z.object({
  issuer: z.string(),
  authorization_endpoint: address,
  token_endpoint: address,
  jwks_uri: address,
})

/**
 * Asks a provider where it is asked for what. Keycloak connects to what is found, so each address that it connects to is
 * fetched here first: one that the platform does not allow is refused.
 */
export async function discover(fetch: GuardedFetch, issuer: string, signal: AbortSignal): Promise<Discovery> {
  try {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const { status, body } = await fetch(url, { ...limits, signal })
    if (status !== 200) return { kind: 'away', why: `Cannot fetch "${url}": it answers with ${status}` }
    const parsed = document.safeParse(json(body))
    if (!parsed.success) return refused(`"${url}" is no discovery document with https addresses`)
    if (parsed.data.issuer !== issuer)
      return refused(`"${url}" names another issuer, "${parsed.data.issuer.slice(0, 200)}"`)
    const { authorization_endpoint: authorization, token_endpoint: token, jwks_uri: jwks } = parsed.data
    const keys = await fetch(jwks, { ...limits, signal })
    const checked = checkKeys(keys.status === 200 ? json(keys.body) : undefined)
    if (!checked.ok) return { kind: 'away', why: checked.problem }
    await mayConnect(fetch, token, signal)
    return { kind: 'found', endpoints: { authorization, token, jwks } }
  } catch (error) {
    if (!(error instanceof FetchRefused)) throw error
    return { kind: error.kind === 'forbidden' ? 'refused' : 'away', why: error.message }
  }
}

// What it answers to a GET is nothing to us.
async function mayConnect(fetch: GuardedFetch, url: string, signal: AbortSignal): Promise<void> {
  try {
    await fetch(url, { ...limits, signal })
  } catch (error) {
    if (!(error instanceof FetchRefused) || error.kind === 'forbidden') throw error
  }
}

function refused(why: string): Discovery {
  return { kind: 'refused', why: `Cannot use the provider: ${why}` }
}

function json(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** A mistake in one entry of `federation`. */
export function federationProblem(index: number, field: string, reason: Problem['reason'], message: string): Problem {
  return { reason, field: `spec.identity.realm.federation[${index}].${field}`, message }
}
