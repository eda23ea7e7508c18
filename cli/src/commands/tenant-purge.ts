import { judgeSightings } from '../census/judge.ts'
import { lookFor } from '../census/look.ts'
import { planPurge, stepWords } from '../census/plan-purge.ts'
import type { PurgeStep } from '../census/plan-purge.ts'
import { countOf } from '../census/proof.ts'
import { purgeStep } from '../census/purge.ts'
import type { Sightings, Subject } from '../census/sightings.ts'
import { findName, idIn, nameIn } from '../census/subject.ts'
import { Refusal, Unfinished } from '../command.ts'
import type { Call, Command } from '../command.ts'
import type { Platform } from '../platform.ts'
import { kubeconfigFlag, onPlatform } from './on-platform.ts'

/** Removes what a deleted tenant left. */
export const tenantPurge: Command = {
  words: 'tenant purge',
  operands: ['ID'],
  flags: [
    { name: 'yes', help: 'removes it; left out: says what would be removed' },
    { name: 'name', value: 'NAME', help: "the tenant's name, where nothing that is left tells it" },
    kubeconfigFlag,
  ],
  summary: 'Removes what a deleted tenant left, for ever: realm, rows, role, secrets, record.',
  interrupted: 'what was begun stays begun, and the same command removes the rest',
  run: (call) => onPlatform(call, (platform) => purge(platform, call)),
}

async function purge(platform: Platform, call: Call): Promise<void> {
  const { signal } = call
  const id = idIn(call.operand('ID'))
  const told = call.value('name')
  const name = told === undefined ? await findName(platform, id, signal) : nameIn(told)
  if (name === undefined) {
    call.print(`Nothing is left of ${id}`)
    return
  }
  const subject = { name, id }
  const seen = await lookFor(platform, subject, signal)
  const steps = stepsOf(seen, subject)
  if (steps.length === 0 && !isGoing(seen)) {
    call.print(`Nothing is left of "${name}", id ${id}`)
    return
  }
  if (!call.isSet('yes')) {
    for (const step of steps) call.print(`Would ${stepWords(step)}`)
    throw new Refusal(`Nothing was removed: run "bulkhead tenant purge ${id} --yes" to remove all this for ever`)
  }
  await reserve(platform, subject, signal)
  await removeAll(platform, subject, call)
}

function stepsOf(seen: Sightings, { id }: Subject): readonly PurgeStep[] {
  const plan = planPurge(seen)
  if (plan.kind === 'refused') throw new Refusal(`Cannot purge ${id}: ${plan.why}`)
  return plan.steps
}

function isGoing({ namespace }: Sightings): boolean {
  return namespace.kind === 'seen' && namespace.value.kind === 'own' && namespace.value.isDeleted
}

// From here on nobody takes it up any more; a Tenant that was faster has it.
async function reserve({ retained }: Platform, { id }: Subject, signal: AbortSignal): Promise<void> {
  const record = await retained.beginPurge(id, signal)
  if (record === undefined || record.isPurged) return
  throw new Refusal(`Cannot purge ${id}: it was taken up by the Tenant of uid ${record.adoptedBy ?? ''}`)
}

const pollMs = 500

async function removeAll(platform: Platform, subject: Subject, call: Call): Promise<void> {
  const { signal } = call
  let seen = await lookFor(platform, subject, signal)
  for (;;) {
    const steps = stepsOf(seen, subject)
    for (const step of steps) {
      await purgeStep(platform, { subject, seen, step }, signal)
      call.print(`Done: ${stepWords(step)}`)
    }
    if (steps.length === 0 && !isGoing(seen)) break
    if (steps.length === 0) await platform.clock.sleep(pollMs, signal)
    seen = await lookFor(platform, subject, signal)
  }
  const proof = judgeSightings(subject, seen, new Date(platform.clock.now()).toISOString())
  const left = countOf(proof, 'left')
  if (!proof.isProven) throw new Unfinished(`Cannot prove that all is gone: ${left} places hold something still`)
  call.print(`Proven: nothing of "${subject.name}", id ${subject.id}, is left`)
}
