/** One line of `status`. */
export interface PartState {
  readonly name: string
  readonly version: string
  readonly pid: number | undefined
  readonly port: number | undefined
  /** `stopped` was asked for (or never started), `died` was not. */
  readonly state: 'ready' | 'running' | 'stopped' | 'died'
  readonly memoryBytes: number
  /** Why a part that runs is not ready. */
  readonly detail: string
}

const headings = ['PART', 'VERSION', 'PID', 'PORT', 'STATE', 'MEMORY'] as const

function cells(part: PartState): readonly string[] {
  const memory = part.memoryBytes === 0 ? '-' : `${Math.round(part.memoryBytes / 1_048_576)} MB`
  const state = part.detail === '' ? part.state : `${part.state}: ${part.detail}`
  return [part.name, part.version, String(part.pid ?? '-'), String(part.port ?? '-'), state, memory]
}

/** The table of `status`, with the sum of memory in its last line. */
export function tableText(parts: readonly PartState[]): string {
  const total = parts.reduce((sum, part) => sum + part.memoryBytes, 0)
  const rows = [headings, ...parts.map(cells), ['total', '', '', '', '', `${Math.round(total / 1_048_576)} MB`]]
  // The state may carry a sentence; it goes last so that one long reason does not widen the table.
  const turned = rows.map((row) => [row[0], row[1], row[2], row[3], row[5], row[4]].map((cell) => cell ?? ''))
  const widths = headings.map((_, column) => Math.max(...turned.map((row) => row[column]?.length ?? 0)))
  return turned
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** True when every part does its work. */
export function isHealthy(parts: readonly PartState[]): boolean {
  return parts.length > 0 && parts.every((part) => part.state === 'ready')
}
