// demo: a story a person can follow. What is applied, what became of it, who was served and who was refused by what.

/** One request of the story and what it must come to. */
export interface Scene {
  readonly title: string
  readonly expected: number
  /** What decided: the last column. */
  readonly because: string
  readonly send: () => Promise<{ readonly status: number }>
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
  const { status } = await scene.send()
  const isAsTold = status === scene.expected
  const mark = !isAsTold ? '‼' : status < 400 ? '✓' : '✗'
  const surprise = isAsTold ? '' : ` — expected ${scene.expected}`
  console.log(`   ${mark} ${status}  ${scene.title.padEnd(56)} ${scene.because}${surprise}`)
  return isAsTold
}
