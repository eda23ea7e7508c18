// A certificate authority for tests: made in memory, written to a folder of its own, gone with it.
import 'reflect-metadata'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import type { CertificateFiles } from '../certificates.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

/** A certificate with its key, as PEM. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** What a certificate may differ in. */
export interface Wanted {
  readonly uris?: readonly string[]
  readonly dns?: readonly string[]
  readonly expiresAt?: Date
}

type Keys = Awaited<ReturnType<typeof makeKeys>>

function makeKeys() {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function pem(keys: Keys): Promise<string> {
  const bytes = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return `-----BEGIN PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END PRIVATE KEY-----\n`
}

/** An authority with a folder for files. */
export class ThrowawayAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'bulkhead-serve-'))
  readonly #keys: Keys
  readonly #root: x509.X509Certificate
  #serial = 1

  private constructor(keys: Keys, root: x509.X509Certificate) {
    this.#keys = keys
    this.#root = root
  }

  static async create(): Promise<ThrowawayAuthority> {
    const keys = await makeKeys()
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=throwaway',
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    })
    return new ThrowawayAuthority(keys, root)
  }

  get root(): string {
    return this.#root.toString('pem')
  }

  /** Signs a certificate for a new key. */
  async issue({ uris = [], dns = [], expiresAt = new Date(Date.now() + DAY_MS) }: Wanted): Promise<Pair> {
    const keys = await makeKeys()
    this.#serial += 1
    const names = [
      ...uris.map((value) => ({ type: 'url', value }) as const),
      ...dns.map((value) => ({ type: 'dns', value }) as const),
    ]
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: this.#serial.toString(16).padStart(2, '0'),
      subject: 'CN=leaf',
      issuer: this.#root.subject,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: expiresAt,
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [new x509.SubjectAlternativeNameExtension(names)],
    })
    return { cert: certificate.toString('pem'), key: await pem(keys) }
  }

  /** Writes a pair and the root into the folder. */
  write(name: string, pair: Pair): CertificateFiles {
    const files = {
      certFile: join(this.folder, `${name}.pem`),
      keyFile: join(this.folder, `${name}.key`),
      clientCaFile: join(this.folder, 'ca.pem'),
    }
    writeFileSync(files.certFile, pair.cert)
    writeFileSync(files.keyFile, pair.key, { mode: 0o600 })
    writeFileSync(files.clientCaFile, this.root)
    return files
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
