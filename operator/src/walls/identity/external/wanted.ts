// external: the identity wall of a tenant that brings its own issuer. Nothing is made for it anywhere: the registry grants
// the issuer, and its keys are fetched over and over.
import type { Problem, Tenant } from '@bulkhead/crds'
import type { Settings } from '../../../settings.ts'
import type { Remembered } from './keeper.ts'

/** The issuer that a tenant brings. */
export interface WantedExternal {
  readonly issuer: string
  /** Sorted. */
  readonly audiences: readonly string[]
  readonly jwksUri: string
  /** What the registry is asked for: with a mistake in the spec, the issuer that is granted already. */
  readonly claim: string | undefined
  readonly problems: readonly Problem[]
  /** What the status holds of this very issuer. */
  readonly remembered: Remembered
}

const field = 'spec.identity.external'

/** Undefined for a tenant that has a realm. */
export function wantExternal(
  { spec, status }: Pick<Tenant, 'spec' | 'status'>,
  { identityShards }: Pick<Settings, 'identityShards'>,
): WantedExternal | undefined {
  const { type, external } = spec.identity
  if (type !== 'External' || external === undefined) return undefined
  const { issuer, audiences, jwksURI } = external
  const problems = [
    ...issuerProblems(
      issuer,
      identityShards.map(({ publicUrl }) => publicUrl),
    ),
    ...keysProblems(jwksURI),
    ...audiences.filter((audience) => audience.startsWith(ownAudience)).map(ownAudienceProblem),
  ]
  const { identity } = status ?? {}
  const claim = problems.length === 0 ? issuer : identity?.issuer
  return {
    ...{ issuer, audiences: audiences.toSorted(), jwksUri: jwksURI, problems },
    claim: claim === undefined ? undefined : issuerKey(claim),
    remembered: identity?.issuer === issuer ? rememberedOf(identity) : {},
  }
}

function rememberedOf({ jwks, jwksFailingSince }: NonNullable<NonNullable<Tenant['status']>['identity']>): Remembered {
  const sinceMs = Date.parse(jwksFailingSince ?? '')
  return { jwks, ...(Number.isNaN(sinceMs) ? {} : { failingSinceMs: sinceMs }) }
}

/** What the registry knows an issuer by: two spellings of one address are one issuer. */
export function issuerKey(issuer: string): string {
  return issuer.replace(/\/$/, '')
}

const ownAudience = 'urn:bulkhead:tenant:'

function issuerProblems(issuer: string, ownUrls: readonly string[]): readonly Problem[] {
  const refuse = (reason: Problem['reason'], message: string) => [{ reason, field: `${field}.issuer`, message }]
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (url === undefined || !isPlain(url)) {
    return refuse('IssuerInvalid', `Cannot use "${issuer}": want an https:// address without credentials and query`)
  }
  // Two spellings of one address could be granted to two tenants, and tokens compare letter by letter.
  const normal = url.pathname === '/' && !issuer.endsWith('/') ? url.href.slice(0, -1) : url.href
  if (issuer !== normal) return refuse('IssuerInvalid', `Cannot use "${issuer}": write it as "${normal}"`)
  const isOwn = ownUrls.some((own) => new URL(own).host === url.host)
  return isOwn ? refuse('IssuerNotGranted', issuerNotGranted(issuer)) : []
}

function isPlain(url: URL): boolean {
  return url.protocol === 'https:' && url.search === '' && url.hash === '' && !hasCredentials(url)
}

/** The same words whoever holds the issuer: they must not tell. */
export function issuerNotGranted(issuer: string): string {
  return `"${issuer}" is not granted to this tenant`
}

function keysProblems(uri: string): readonly Problem[] {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (url?.protocol === 'https:' && !hasCredentials(url)) return []
  const message = `Cannot use "${uri}": want an https:// address without credentials`
  return [{ reason: 'IssuerInvalid', field: `${field}.jwksURI`, message }]
}

function hasCredentials({ username, password }: URL): boolean {
  return username !== '' || password !== ''
}

function ownAudienceProblem(audience: string): Problem {
  const message = `Cannot use "${audience}": audiences that begin with ${ownAudience} are for realms of ours`
  return { reason: 'IssuerInvalid', field: `${field}.audiences`, message }
}
