// rollout: which schema gets which version when. A new version goes to the canaries, then to a tenth, then to the rest; a
// migration that fails stops everything that would come after it. This file is pure; `rollouts.ts` remembers.
import { createHash } from 'node:crypto'

export const waves = ['canary', 'tenth', 'rest'] as const
export type Wave = (typeof waves)[number]

/** The version that is on its way, and how far it has come. */
export interface Rollout {
  readonly version: number
  /** The digest of the migrations up to it: a version that was mended is another one. */
  readonly checksum: string
  /** What every schema had when it began. */
  readonly base: number
  /** The last wave that is open; `done`: every schema has it. */
  readonly phase: Wave | 'done'
  readonly sinceMs: number
  /** Since when every schema of the open waves has it; undefined while one has not. */
  readonly settledAtMs: number | undefined
}

/** A migration that could not be made. */
export interface Failure {
  readonly tenantId: string
  readonly version: number
  /** What Postgres says, without anything out of a row. */
  readonly words: string
  /** What a person had asked for when it was tried last: asking for something else has it tried again. */
  readonly request: string | undefined
  readonly atMs: number
}

/** What this process would bring every schema to. */
export interface Known {
  readonly version: number
  readonly checksum: string
}

/** One schema that stands. */
export interface Member {
  readonly id: string
  readonly channel: 'Stable' | 'Canary'
  readonly version: number
}

/** The wave that a tenant is in: its own choice, or one in ten by its id, for ever the same. */
export function waveOf({ id, channel }: Pick<Member, 'id' | 'channel'>): Wave {
  if (channel === 'Canary') return 'canary'
  const digest = createHash('sha256').update(`wave/${id}`).digest()
  return digest.readUInt32BE(0) % 10 === 0 ? 'tenth' : 'rest'
}

/** Whether a wave may have the new version. */
export function isOpen(phase: Rollout['phase'], wave: Wave): boolean {
  return phase === 'done' || waves.indexOf(wave) <= waves.indexOf(phase)
}

/**
 * The rollout to go on with: the one that is under way, or a new one when this process knows another version. One of a
 * newer release is not ours to touch.
 */
export function currentRollout(
  before: Rollout | undefined,
  known: Known,
  standing: readonly number[],
  nowMs: number,
): Rollout {
  const begun = { ...known, sinceMs: nowMs, settledAtMs: undefined }
  if (before === undefined) {
    const base = Math.min(known.version, ...standing)
    return { ...begun, base, phase: base === known.version ? 'done' : 'canary' }
  }
  if (before.version > known.version || isSame(before, known)) return before
  return { ...begun, base: before.phase === 'done' ? before.version : before.base, phase: 'canary' }
}

function isSame(rollout: Rollout, { version, checksum }: Known): boolean {
  return rollout.version === version && rollout.checksum === checksum
}

/**
 * The version that a tenant's schema may have now. It never falls below what every schema has, and after a failure it
 * is just that: a schema that is further already stays where it is.
 */
export function versionFor(rollout: Rollout, known: Known, wave: Wave, isStopped: boolean): number {
  const mayHave = isOpen(rollout.phase, wave) && !isStopped ? rollout.version : rollout.base
  return Math.min(mayHave, known.version)
}

/** The schemas of the open waves that have not come to the version yet. */
export function laggards(rollout: Rollout, members: readonly Member[]): readonly Member[] {
  return members.filter((member) => isOpen(rollout.phase, waveOf(member)) && member.version < rollout.version)
}

/**
 * How a rollout goes on: once every schema of the open waves has the version, and has had it for `soakMs`, the next wave
 * opens. A wave that nobody is in proves nothing and is not waited for.
 */
export function advance(rollout: Rollout, members: readonly Member[], nowMs: number, soakMs: number): Rollout {
  if (rollout.phase === 'done') return rollout
  if (laggards(rollout, members).length > 0) return { ...rollout, settledAtMs: undefined }
  const { phase } = rollout
  const isEmpty = !members.some((member) => waveOf(member) === phase)
  const settledAtMs = rollout.settledAtMs ?? nowMs
  const isSoaked = isEmpty || phase === 'rest' || nowMs - settledAtMs >= soakMs
  if (!isSoaked) return { ...rollout, settledAtMs }
  const next = waves[waves.indexOf(phase) + 1] ?? 'done'
  return { ...rollout, phase: next, sinceMs: nowMs, settledAtMs: undefined }
}
