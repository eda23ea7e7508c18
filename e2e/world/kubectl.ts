import { spawn } from 'node:child_process'

/** What a kubectl command ended with. */
export interface KubectlResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Who asks, when it is not the platform's operator. */
export interface Impersonation {
  readonly user: string
  readonly group: string
}

/** The real kubectl, as a person uses it. */
export interface Kubectl {
  /** Runs a command and returns how it ended, refused or not. */
  attempt(args: readonly string[], options?: { stdin?: string; as?: Impersonation }): Promise<KubectlResult>
  /** Runs a command and returns its output; throws with kubectl's words when it fails. */
  run(args: readonly string[], options?: { stdin?: string; as?: Impersonation }): Promise<string>
  /** Applies objects. */
  apply(objects: readonly object[], as?: Impersonation): Promise<string>
  /** Reads one object as JSON. */
  read(args: readonly string[]): Promise<unknown>
}

/** kubectl with a kubeconfig of its own. */
export function createKubectl(binary: string, kubeconfig: string): Kubectl {
  const attempt: Kubectl['attempt'] = (args, options = {}) =>
    new Promise((resolve, reject) => {
      const as = options.as === undefined ? [] : ['--as', options.as.user, '--as-group', options.as.group]
      const child = spawn(binary, [...args, ...as], {
        env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', KUBECONFIG: kubeconfig },
        stdio: ['pipe', 'pipe', 'pipe'],
      })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
      child.on('error', reject)
      child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
      // A command that ends without reading its input closes the pipe; its exit code says why.
      child.stdin.on('error', () => undefined)
      child.stdin.end(options.stdin)
    })
  const run: Kubectl['run'] = async (args, options) => {
    const { code, stdout, stderr } = await attempt(args, options)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || stdout.trim()}`)
    return stdout
  }
  return {
    attempt,
    run,
    apply: (objects, as) => {
      const stdin = objects.map((object) => JSON.stringify(object)).join('\n---\n')
      return run(['apply', '-f', '-'], as === undefined ? { stdin } : { stdin, as })
    },
    read: async (args) => JSON.parse(await run([...args, '-o', 'json'])) as unknown,
  }
}
