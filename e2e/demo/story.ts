// demo: a story a person can follow. What is applied, what became of it, who was served and who was refused by what.
import type { GatewayAnswer } from '../client/gateway-client.ts'

/** One request of the story and what it must come to. */
export interface Scene {
  readonly title: string
  readonly expected: number
  /** Whose backend must have answered. */
  readonly servedBy?: string
  /** What decided: the last column. */
  readonly because: string
  readonly send: () => Promise<Pick<GatewayAnswer, 'status' | 'headers'>>
}

/** Prints a chapter's head. */
export function chapter(title: string): void {
  console.log(`\n━━ ${title} ${'━'.repeat(Math.max(4, 92 - title.length))}`)
}

/** Prints one line of what was done. */
export function say(line: string): void {
  console.log(`   ${line}`)
}

/** Plays a scene and prints its line; yields whether it came out as told. */
export async function play(scene: Scene): Promise<boolean> {
  const { status, headers } = await scene.send()
  const servedBy = headers['x-backend']
  const isAsTold = status === scene.expected && (scene.servedBy === undefined || scene.servedBy === servedBy)
  const mark = !isAsTold ? '‼' : status < 400 ? '✓' : '✗'
  const wanted = scene.servedBy === undefined ? '' : ` from ${scene.servedBy}, not ${String(servedBy)}`
  const surprise = isAsTold ? '' : ` — expected ${scene.expected}${wanted}`
  console.log(`   ${mark} ${status}  ${scene.title.padEnd(56)} ${scene.because}${surprise}`)
  return isAsTold
}
