/** What a client of bundles asks for in its `Prefer` header. */
export interface BundlePreference {
  readonly acceptsDelta: boolean
  /** How long it is willing to wait for news; 0 when it wants an answer now. */
  readonly waitMs: number
}

const longestWaitMs = 60_000

/** Reads `modes=snapshot,delta;wait=30`; what it cannot read is not asked for. */
export function parsePrefer(header: string | readonly string[] | undefined): BundlePreference {
  const text = typeof header === 'string' ? header : (header ?? []).join(';')
  const parts = text.split(';').map((part) => part.trim().toLowerCase())
  const modes = valueOf(parts, 'modes')?.split(',') ?? []
  const waitSeconds = Number(valueOf(parts, 'wait') ?? 0)
  const waitMs = Number.isFinite(waitSeconds) ? waitSeconds * 1000 : 0
  return { acceptsDelta: modes.includes('delta'), waitMs: Math.min(Math.max(0, waitMs), longestWaitMs) }
}

function valueOf(parts: readonly string[], name: string): string | undefined {
  return parts.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1)
}
