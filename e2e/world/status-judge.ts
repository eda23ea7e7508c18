import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { z } from 'zod'

const root = resolve(import.meta.dirname, '../..')
const verdict = z.object({ status: z.string(), message: z.string() })
const answer = z.object({ argo: verdict, kstatus: verdict })

/** What Argo CD and kstatus make of one object. */
export type Judged = z.infer<typeof answer>

/** The health script that is shipped. */
export const healthScript = join(root, 'manifests/argocd/health.lua')

/** Asks kstatus' own code, and a health script in Argo CD's Lua interpreter, about objects; throws in their words. */
export async function judgeStatuses(objects: readonly object[], script = healthScript): Promise<readonly Judged[]> {
  const child = spawn(join(root, '.tools/bin/status-judge'), [script], { stdio: ['pipe', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  // It may end before it has read everything; its exit code says why.
  child.stdin.on('error', () => undefined)
  child.stdin.end(objects.map((object) => JSON.stringify(object)).join('\n'))
  const code = await new Promise<number | null>((done, failed) => child.on('close', done).on('error', failed))
  if (code !== 0) throw new Error(`status-judge: ${stderr.trim()}`)
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => answer.parse(JSON.parse(line)))
}
