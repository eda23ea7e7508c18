/** Every reason that a condition of ours can carry, with the sentence the reference page prints. */
export const reasons = {
  Accepted: 'The object is valid and everything it refers to exists.',
  BackendNotAllowed:
    'The backend is outside the ranges or ports that the platform allows, or is no address of this tenant.',
  BackendNotFound: 'The backend has no usable address: the name does not resolve, or the Service has no ready Pod.',
  CapacityExceeded: "The guaranteed share asked for does not fit into the fleet's capacity.",
  CertificateInvalid:
    'The certificate of a host cannot be used; the message says why. The last good one stays until it expires.',
  Conflict: 'An older object of the same namespace already holds this host and path.',
  CredentialsReady: 'The client exists in the realm and its credentials are in the Secret.',
  DatabaseReady: 'The schema and the role exist and every migration has run.',
  DatabaseUnavailable: 'Postgres cannot be reached or refuses; it is tried again.',
  Deleting: 'The object is being deleted; the message says what is still there.',
  DeletionHeld: 'Too many Tenants were deleted at once; this one stays until somebody allows it.',
  DuplicateName: 'The same name stands in the list more than once.',
  EnvoyRejected:
    "An Envoy refused the configuration; the message holds Envoy's words, and the last good configuration stays.",
  Expired: 'The subscription ended at its `expiresAt`.',
  Granted: 'Every hostname and the guaranteed share asked for are granted.',
  HostnameInvalid: 'The text is not a host that can be granted.',
  HostnameNotGranted: 'The hostname is not granted to this tenant.',
  IdentityProviderUnavailable: 'Keycloak cannot be reached or refuses; it is tried again.',
  IdentityReady: 'The realm exists, its settings are as wanted and its keys are known.',
  InvalidSpec: 'A field holds a value that cannot be used; the message names it.',
  IssuerInvalid: 'The issuer or the address of its keys cannot be used; the message says why.',
  IssuerNotGranted: 'The issuer is not granted to this tenant: an issuer belongs to one tenant, and is none of ours.',
  JwksInvalid: 'The keys of the issuer cannot be used; the last good ones stay.',
  JwksStale:
    'The keys of the issuer could not be fetched for a long time; the last good ones stay until `jwks.maxStaleSeconds`.',
  JwksUnavailable: 'The keys of the issuer cannot be fetched; it is tried again.',
  JwksWithdrawn: 'The keys of the issuer are older than `jwks.maxStaleSeconds` and are believed no more.',
  KubernetesUnavailable: 'The API server cannot be reached or refuses; it is tried again.',
  MigrationFailed: 'A migration of the schema failed; the message has the words of Postgres and says what to do.',
  NameTaken: 'Something of the same name exists that is not of this tenant; it was left untouched.',
  NamespaceLost: 'Somebody deleted the namespace; it is made again, without what the tenant had in it.',
  NamespaceReady: 'The namespace with its role, quota and network policies is as wanted.',
  NoAnswer: 'A data plane neither accepted nor refused the configuration within 5 seconds.',
  NoDataPlane: 'No Envoy is connected.',
  NothingToAdopt: 'Nothing of a deleted Tenant of this name is kept under the id in `spec.adopt`.',
  NotProgrammed: 'The walls stand, but the data plane does not serve this generation yet.',
  NotReferenced: 'Nothing refers to the object, so there is nothing to program.',
  PlanNotFound: 'The plan does not exist in this namespace.',
  Programmed: 'Every connected Envoy accepted the configuration, and every connected OPA reports its revision.',
  Progressing: 'Work is under way.',
  QuotaExceeded: 'A quota of the namespace is full; the message names it.',
  Ready: 'The object does what it says.',
  RealmLost: 'The realm stood and is gone; the message says what to do.',
  SchemaLost: 'The schema stood and is gone; the message says what to do.',
  SecretNotFound: 'The Secret that is referred to, or its key, does not exist in the namespace.',
  ShardFull: 'No Keycloak, or no Postgres, that the tenant may be placed on has room for another.',
  ShardUnknown:
    'The platform has no Keycloak, or no Postgres, of the name that is asked for or that holds what the tenant has.',
  Suspended: 'The object is suspended.',
  TargetNotFound: 'The object that is referred to does not exist in this namespace.',
  ToolNotFound: 'A tool of the list does not exist in this namespace.',
  ToolSetNotFound: 'The tool set does not exist in this namespace.',
  Waiting: 'Something that must come first is not there yet.',
  Withdrawn: 'The routes were taken off the data plane.',
} as const

/** A reason from the catalogue. */
export type Reason = keyof typeof reasons

/** A mistake of the person who wrote an object: a value, never thrown. */
export interface Problem {
  readonly reason: Reason
  /** Where in the object, like `spec.backend.external.host`. */
  readonly field: string
  /** What could not be done and why; no full stop. */
  readonly message: string
}
