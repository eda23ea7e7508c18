import { z } from 'zod'

/**
 * What is said of a place: nothing is there (any more), something is there on purpose, something is there that should not
 * be, or nobody could look.
 */
export const placeStates = ['gone', 'kept', 'left', 'unseen'] as const

export const place = z.strictObject({
  /** Which part of the platform it is in. */
  system: z.enum(['kubernetes', 'keycloak', 'postgres']),
  place: z.string().min(1),
  state: z.enum(placeStates),
  /** What was found, in words; for an unseen place why it was not seen. */
  found: z.string(),
  /** What is kept: until this time, or until somebody does this. */
  until: z.string().optional(),
})
export type Place = z.infer<typeof place>

/** What `bulkhead tenant offboard --json` prints. A field is never taken out or given another meaning. */
export const proof = z.strictObject({
  kind: z.literal('TenantOffboardProof'),
  version: z.literal(1),
  at: z.iso.datetime(),
  tenant: z.strictObject({ name: z.string(), id: z.string() }),
  /** Every place was seen, and nothing is left that should be gone. */
  isProven: z.boolean(),
  places: z.array(place),
  notLookedAt: z.array(z.strictObject({ place: z.string(), why: z.string() })),
})
export type Proof = z.infer<typeof proof>

/** What no look of ours reaches. */
export const notLookedAt: Proof['notLookedAt'] = [
  {
    place: 'the Envoys',
    why: "Envoy is told by the xds-server alone; a Tenant goes after its hosts were seen withdrawn, or ten seconds later where no data plane answers. Look at the xds-server's metric bulkhead_tenants_published",
  },
  {
    place: "other tenants' realms",
    why: 'a subscription has its client in the realm of its own namespace: no tenant has one in the realm of another',
  },
  { place: 'logs, metrics and traces', why: 'they age out by their own retention' },
  { place: 'backups of etcd, Keycloak and Postgres', why: 'they hold what stood when they were made' },
]

/** How many places are in a state. */
export function countOf({ places }: Proof, state: Place['state']): number {
  return places.filter((one) => one.state === state).length
}

/** The proof as lines for a person. */
export function proofLines(shown: Proof): readonly string[] {
  const { tenant, at, places } = shown
  const width = Math.max(...places.map((one) => one.place.length))
  const lines = places.map(({ state, place: where, found, until }) => {
    const end = until === undefined ? '' : `; until ${until}`
    return `  ${state.padEnd(6)}  ${where.padEnd(width)}  ${found}${end}`
  })
  const not = shown.notLookedAt.map(({ place: where, why }) => `  ${where}: ${why}`)
  return [
    `Tenant "${tenant.name}", id ${tenant.id}: ${places.length} places at ${at}`,
    '',
    ...lines,
    ...['', 'Not looked at:', ...not, ''],
    verdictOf(shown),
  ]
}

function verdictOf(shown: Proof): string {
  const [kept, left, unseen] = (['kept', 'left', 'unseen'] as const).map((state) => countOf(shown, state))
  if (shown.isProven) return `Proven: nothing is left that should be gone; ${kept} kept on purpose`
  return `Not proven: ${left} left that should be gone, ${unseen} not seen`
}
