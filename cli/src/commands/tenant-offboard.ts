import { kinds } from '@bulkhead/crds'
import { isConflict, isNotFound } from '@bulkhead/runtime'
import type { KubeRef } from '@bulkhead/runtime'
import { tenantId } from '@bulkhead/tenancy'
import { judgeSightings } from '../census/judge.ts'
import { lookFor, readyWords } from '../census/look.ts'
import { countOf, proofLines } from '../census/proof.ts'
import type { Subject } from '../census/sightings.ts'
import { nameIn, subjectOf } from '../census/subject.ts'
import { Refusal, Unfinished } from '../command.ts'
import type { Call, Command } from '../command.ts'
import type { Platform } from '../platform.ts'
import { kubeconfigFlag, onPlatform } from './on-platform.ts'

/** Proves that a tenant is gone, or says what is left. */
export const tenantOffboard: Command = {
  words: 'tenant offboard',
  operands: ['NAME'],
  flags: [
    { name: 'id', value: 'ID', help: 'which incarnation; needed once nothing else tells' },
    { name: 'delete', help: 'deletes the Tenant first, and waits until it is gone' },
    { name: 'json', help: 'prints the proof as JSON' },
    kubeconfigFlag,
  ],
  summary: 'Looks at every place where a tenant has something, and proves that it is gone or says what is left.',
  interrupted: 'a deletion that was asked for goes on by itself',
  run: (call) => onPlatform(call, (platform) => offboard(platform, call)),
}

async function offboard(platform: Platform, call: Call): Promise<void> {
  const { signal } = call
  const subject = await subjectOf(platform, nameIn(call.operand('NAME')), call.value('id'), signal)
  if (call.isSet('delete')) await deleteTenant(platform, subject, call)
  call.tell(`Looking for what is left of "${subject.name}", id ${subject.id}`)
  const seen = await lookFor(platform, subject, signal)
  const proof = judgeSightings(subject, seen, new Date(platform.clock.now()).toISOString())
  if (call.isSet('json')) call.print(JSON.stringify(proof, undefined, 2))
  else for (const line of proofLines(proof)) call.print(line)
  if (proof.isProven) return
  const [left, unseen] = [countOf(proof, 'left'), countOf(proof, 'unseen')]
  throw new Unfinished(`Cannot prove that "${subject.name}" is gone: ${left} places hold something, ${unseen} unseen`)
}

const pollMs = 500

async function deleteTenant(platform: Platform, subject: Subject, call: Call): Promise<void> {
  const { kubernetes } = platform
  const ref = { kind: kinds.tenant, name: subject.name }
  const uid = (await kubernetes.find(ref, { signal: call.signal }))?.metadata.uid
  if (uid === undefined) {
    call.tell(`There is no Tenant "${subject.name}" to delete`)
    return
  }
  if (tenantId(uid) !== subject.id) {
    throw new Refusal(`Cannot delete "${subject.name}": the Tenant of that name has the id ${tenantId(uid)}`)
  }
  try {
    await kubernetes.delete(ref, { preconditions: { uid }, signal: call.signal })
  } catch (error) {
    // Gone, or already another one: what is meant is no more.
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
  call.tell(`Tenant "${subject.name}" is being deleted; Ctrl-C stops the waiting, not the deletion`)
  await untilGone(platform, ref, uid, call)
}

async function untilGone({ kubernetes, clock }: Platform, ref: KubeRef, uid: string, call: Call): Promise<void> {
  const { signal } = call
  let said = ''
  for (;;) {
    const now = await kubernetes.find(ref, { signal })
    if (now?.metadata.uid !== uid) return
    const words = readyWords(now)
    if (words !== said) call.tell(`  ${words}`)
    said = words
    await clock.sleep(pollMs, signal)
  }
}
