import { readFile } from 'node:fs/promises'
import { createKubeClient } from '../kubernetes/client.ts'
import type { KubeClientOptions } from '../kubernetes/client.ts'
import type { KubeClient } from '../kubernetes/kube-client.ts'
import { Secret } from '../secret.ts'
import { ConfigProblem } from './config.ts'

/** An option whose value names something outside the file: another file, mostly. */
export interface Option {
  /** As it stands in the file: `postgres.passwordFile`. */
  readonly name: string
  readonly value: string
  /** What the value must be: `the path of a kubeconfig file`. */
  readonly allowed: string
}

/** Uses what an option names; what is thrown becomes a `ConfigProblem` with the option, its value and what is allowed. */
export async function useOption<T>({ name, value, allowed }: Option, use: (value: string) => T): Promise<Awaited<T>> {
  try {
    return await use(value)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const text = `Cannot use option "${name}" with ${JSON.stringify(value)}: ${why}; want ${allowed}`
    throw new ConfigProblem(text, { cause: error })
  }
}

const maxSecretBytes = 64 * 1024

/** Reads the secret file that an option names, without the line break at its end; throws a `ConfigProblem`. */
export async function readSecretFile(name: string, path: string): Promise<Secret<string>> {
  const allowed = `the path of a readable file with the secret in it, at most ${maxSecretBytes} bytes`
  return useOption({ name, value: path, allowed }, async () => {
    const text = await readFile(path, 'utf8')
    if (Buffer.byteLength(text) > maxSecretBytes) throw new Error('the file is too large')
    const value = text.replace(/\r?\n$/, '')
    if (value === '') throw new Error('the file is empty')
    return new Secret(value)
  })
}

/** A client with the option `kubernetes.kubeconfig`, else with the Pod's own account; throws a `ConfigProblem`. */
export async function openKubeClient(
  kubeconfig: string | undefined,
  rest: Pick<KubeClientOptions, 'logger' | 'clock' | 'beforeWrite'>,
): Promise<KubeClient> {
  if (kubeconfig === undefined) return createKubeClient({ inCluster: true, ...rest })
  const option = { name: 'kubernetes.kubeconfig', value: kubeconfig, allowed: 'the path of a kubeconfig file' }
  return useOption(option, (kubeconfigPath) => createKubeClient({ kubeconfigPath, ...rest }))
}
