import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { pause } from '../pause.ts'

export interface WatchFilesOptions<T> {
  readonly paths: readonly string[]
  /** Checks the contents (in the order of `paths`); throws when they do not fit together, and the last good stay. */
  readonly load: (contents: readonly string[]) => T
  readonly onChange: (value: T) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
  /** 10 s unless told. */
  readonly intervalMs?: number | undefined
}

export interface WatchedFiles<T> {
  readonly initial: T
  /** Resolves after the abort; never rejects. */
  readonly stopped: Promise<void>
}

const defaultIntervalMs = 10_000

/** Loads files now (throws when that fails), and again whenever they change (certificates, keys). */
export async function watchFiles<T>(options: WatchFilesOptions<T>): Promise<WatchedFiles<T>> {
  const contents = await readAll(options.paths)
  const initial = options.load(contents)
  return { initial, stopped: follow(options, contents) }
}

// Contents are compared, not events awaited: mounted secrets change by a renamed symlink, which notifications miss.
async function follow<T>(options: WatchFilesOptions<T>, initial: readonly string[]): Promise<void> {
  const { paths, load, onChange, clock, logger, signal, intervalMs = defaultIntervalMs } = options
  let seen = initial
  while (await pause(clock, intervalMs, signal)) {
    try {
      const contents = await readAll(paths)
      if (contents.every((text, i) => text === seen[i])) continue
      // Remembered even when it does not fit: one line per mistake. The two halves of a pair may arrive one by one.
      seen = contents
      onChange(load(contents))
      logger.info({ paths }, 'files changed and were loaded')
    } catch (error) {
      logger.error({ paths, err: error }, 'files cannot be used, the last good ones stay')
    }
  }
}

function readAll(paths: readonly string[]): Promise<string[]> {
  return Promise.all(paths.map((path) => readFile(path, 'utf8')))
}

/** A certificate and its key as text; throws when they do not belong together. */
export function certificatePair([cert = '', key = '']: readonly string[]): {
  readonly cert: string
  readonly key: string
} {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('Cannot use the certificate: the private key does not belong to it')
  }
  return { cert, key }
}
