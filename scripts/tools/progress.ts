/** A part that is being worked on, as the progress line shows it. */
export interface Underway {
  readonly name: string
  readonly step: string
  readonly elapsedMs: number
}

/** A duration as people say it: `4.2 s`, `58 s`, `7 min 03 s`. */
export function durationText(durationMs: number): string {
  const seconds = durationMs / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

/** A size as people say it, in megabytes of a million bytes. */
export function sizeText(bytes: number): string {
  return bytes < 10_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${Math.round(bytes / 1_000_000)} MB`
}

/** The line that says what is still running, and what has not begun. */
export function progressLine(elapsedMs: number, underway: readonly Underway[], waiting: readonly string[]): string {
  const running = underway.map(({ name, step, elapsedMs: own }) => `${name} (${step}, ${durationText(own)})`)
  const rest = waiting.length === 0 ? '' : `; still to come: ${waiting.join(', ')}`
  return `  … ${durationText(elapsedMs)}: ${running.join(', ')}${rest}`
}
