import { readFile } from 'node:fs/promises'
import { Secret } from '../secret.ts'

const maxSecretBytes = 64 * 1024

/** Reads a secret from a file, without the line break at its end; throws when it is empty or cannot be read. */
export async function readSecretFile(path: string): Promise<Secret<string>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Error(`Cannot read the secret file "${path}"`, { cause: error })
  })
  if (Buffer.byteLength(text) > maxSecretBytes) {
    throw new Error(`Cannot use the secret file "${path}": it is larger than ${maxSecretBytes} bytes`)
  }
  const value = text.replace(/\r?\n$/, '')
  if (value === '') throw new Error(`Cannot use the secret file "${path}": it is empty`)
  return new Secret(value)
}
