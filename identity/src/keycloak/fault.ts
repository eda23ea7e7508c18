/** Keycloak answered, and the answer was no. Its detail never holds what we sent. */
export class KeycloakFault extends Error {
  override readonly name = 'KeycloakFault'
  readonly status: number
  /** Keycloak's own code or words, like `access_denied` or `Realm not enabled`. */
  readonly detail: string

  constructor(doing: string, status: number, detail: string) {
    super(`Cannot ${doing}: Keycloak answered ${status} ${detail}`)
    this.status = status
    this.detail = detail
  }
}

/** There was no usable answer; whether Keycloak did what we asked is unknown. */
export class KeycloakUnreachable extends Error {
  override readonly name = 'KeycloakUnreachable'

  constructor(doing: string, cause: unknown) {
    super(`Cannot ${doing}: Keycloak gave no usable answer`, { cause })
  }
}
