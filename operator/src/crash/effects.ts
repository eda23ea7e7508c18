// crash: what a crash leaves. `wire` stands between an operator and the others and sees every write, `process` is an
// operator that dies where it is told, `life` is what happens to a tenant, `end-state` is what is there afterwards, and
// `enumerate` tries every write of every scenario. Nothing here knows the steps of a plan: a new one is seen when it writes.

/** A request as it goes to the API server or to Keycloak. */
export interface WireCall {
  readonly peer: 'kubernetes' | 'keycloak'
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly body: string
}

/** What of a call differs from tenant to tenant. */
export interface Names {
  /** The Tenant's name. */
  readonly tenant: string
}

const reads: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/** The name of a side effect, the same for every tenant; undefined for what changes nothing, like a login. */
export function effectOf(call: WireCall, names: Names): string | undefined {
  const { peer, method } = call
  if (reads.includes(method) || call.path.includes('/protocol/openid-connect/')) return undefined
  const where = placeOf(call, names)
  const what = normalise(subjectOf(call.body), names)
  return `${peer} ${method} ${where}${what === '' ? '' : ` ${what}`}`
}

/** The name of a read, likewise. */
export function readOf(call: WireCall, names: Names): string | undefined {
  if (call.method !== 'GET') return undefined
  return `${call.peer} GET ${placeOf(call, names)}`
}

/** The name of a login, likewise. */
export function loginOf(call: WireCall, names: Names): string | undefined {
  return call.path.includes('/protocol/openid-connect/token') ? `${call.peer} login ${placeOf(call, names)}` : undefined
}

function placeOf({ path }: WireCall, names: Names): string {
  const [place = ''] = path.split('?', 1)
  const below = place.replace(/^\/(api\/v1|apis\/[^/]+\/[^/]+|admin\/realms|realms)/, '')
  return below === '' ? '/' : normalise(below, names)
}

/** Takes out of a text what differs from tenant to tenant. */
export function normalise(text: string, { tenant }: Names): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '{uuid}')
    .replaceAll(new RegExp(`${tenant}-[a-z2-7]{13}(?![a-z0-9])`, 'g'), '{realm}')
    .replaceAll(/(realm|database|tenant|retained)([-_])[a-z2-7]{13}(?![a-z0-9])/g, '$1$2{id}')
    .replaceAll(new RegExp(`(?<![a-z0-9])${tenant}(?![a-z0-9])`, 'g'), '{tenant}')
}

// What a new thing is called stands in the body; where several things are meant they have no one name.
function subjectOf(body: string): string {
  const value = parse(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ''
  const fields = value as Readonly<Record<string, unknown>>
  if (fields['kind'] === 'Event') return `${nameIn(fields['involvedObject'], 'kind')} ${text(fields['reason'])}`
  const told = nameIn(fields['metadata'], 'name')
  return told === '' ? keycloakName(fields) : told
}

const nameFields = ['realm', 'clientId', 'alias', 'name', 'provider', 'username', 'id']

function keycloakName(fields: Readonly<Record<string, unknown>>): string {
  const name = nameFields.map((field) => text(fields[field])).find((found) => found !== '') ?? ''
  const kind = [fields['providerId'], fields['subType']].map(text).filter((part) => part !== '')
  // The name of a key holds times.
  return [name.replaceAll(/\d{9,}/g, '{n}'), ...kind].filter((part) => part !== '').join(' ')
}

function nameIn(value: unknown, field: string): string {
  if (typeof value !== 'object' || value === null) return ''
  return text((value as Readonly<Record<string, unknown>>)[field])
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
