import { spawn } from 'node:child_process'
import type { Command } from './part.ts'

/** Runs a command to its end with this standard input; throws with its words when it fails. */
export function run(command: Command, input: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, {
      cwd: command.cwd ?? '/',
      env: { PATH: path, LANG: 'C.UTF-8', ...command.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...command.user,
    })
    const words: string[] = []
    child.stdout.on('data', (chunk: Buffer) => words.push(chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => words.push(chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${command.file} ended with ${code ?? 'a signal'}: ${words.join('').trim().slice(-500)}`))
    })
    // A program that ends early closes its input; its exit code says why.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
