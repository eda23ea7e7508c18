/** A process that writes statuses. */
export type Writer = 'operator' | 'xds-server'

/** A kind of ours that has conditions. */
export type ConditionedKind = 'Tenant' | 'Tool' | 'ToolSet' | 'Plan' | 'Subscription' | 'AccessPolicy'

interface ConditionInfo {
  /** What the condition says when it is True. */
  readonly meaning: string
  /** The one process that writes it, by kind. */
  readonly writers: Readonly<Partial<Record<ConditionedKind, Writer>>>
}

const published = { Tool: 'xds-server', ToolSet: 'xds-server', Plan: 'xds-server', AccessPolicy: 'xds-server' } as const
const every = { Tenant: 'operator', ...published, Subscription: 'operator' } as const

/** Every condition type of ours, in the order of the reference page. */
export const conditionTypes = {
  Ready: { meaning: 'The object does what its newest generation says.', writers: every },
  Reconciling: {
    meaning: 'Work on the newest generation is under way, and goes on by itself. There only while True.',
    writers: every,
  },
  Stalled: {
    meaning: 'Nothing goes on before a person acts; the message says what to do. There only while True.',
    writers: every,
  },
  Accepted: {
    meaning:
      'The object is valid and everything it refers to exists. A Tenant has none: what can be wrong with one is said by the wall that it concerns.',
    writers: { ...published, Subscription: 'operator' },
  },
  Granted: {
    meaning: 'Every hostname and the guaranteed share asked for are granted.',
    writers: { Tenant: 'operator' },
  },
  NamespaceReady: {
    meaning: 'The namespace stands, with its role, quota and network policies.',
    writers: { Tenant: 'operator' },
  },
  IdentityReady: {
    meaning: 'The realm, or the issuer of your own, can be used, and its keys are known.',
    writers: { Tenant: 'operator' },
  },
  DatabaseReady: {
    meaning: 'The schema and the role stand, at a version that can be used; the message says which.',
    writers: { Tenant: 'operator' },
  },
  MigrationFailed: {
    meaning:
      "A newer version of the schema could not be made, and nobody's schema is taken further before a person acts. The tenant is served at the version of before. There only while True.",
    writers: { Tenant: 'operator' },
  },
  JwksStale: {
    meaning:
      'The keys of the issuer could not be fetched for a long time; the last good ones stay. There only while True.',
    writers: { Tenant: 'operator' },
  },
  CredentialsReady: {
    meaning: 'The client exists, and its credentials are in the Secret.',
    writers: { Subscription: 'operator' },
  },
  Programmed: {
    meaning:
      'Every connected Envoy has accepted the generation, and every OPA decides by it where it decides. Once True, it stays for the generation.',
    writers: { ...every, Tenant: 'xds-server', Subscription: 'xds-server' },
  },
} as const satisfies Readonly<Record<string, ConditionInfo>>

/** A condition type from the catalogue. */
export type ConditionType = keyof typeof conditionTypes

/** The condition types that a process, and nobody else, writes on a kind. */
export function ownConditionTypes(writer: Writer, kind: ConditionedKind): readonly ConditionType[] {
  const entries: readonly (readonly [string, ConditionInfo])[] = Object.entries(conditionTypes)
  return entries.flatMap(([type, { writers }]) => (writers[kind] === writer && isConditionType(type) ? [type] : []))
}

/** Whether a text is the name of a condition type of ours. */
export function isConditionType(type: string): type is ConditionType {
  return Object.hasOwn(conditionTypes, type)
}
