/** A certificate of the edge, and the hosts that it stands for: whole names, or `*.` before one. */
export interface EdgeCertificate {
  readonly hosts: readonly string[]
  readonly cert: string
  readonly key: string
}
