// The server's own certificate and the authority of its clients, read again whenever the files change.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { experimental } from '@grpc/grpc-js'

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile: string
}

interface Loaded {
  readonly certificate: Buffer
  readonly privateKey: Buffer
  readonly caCertificate: Buffer
}

type IdentityListener = experimental.IdentityCertificateUpdateListener
type CaListener = experimental.CaCertificateUpdateListener

function load({ certFile, keyFile, clientCaFile }: CertificateFiles): Loaded {
  const loaded = {
    certificate: readFileSync(certFile),
    privateKey: readFileSync(keyFile),
    caCertificate: readFileSync(clientCaFile),
  }
  const leaf = new X509Certificate(loaded.certificate)
  // Files of a pair are written one after the other; a half-written pair must never be served.
  if (!leaf.checkPrivateKey(createPrivateKey(loaded.privateKey)))
    throw new Error(`Cannot use certificate "${certFile}": the key in "${keyFile}" is not its own`)
  createSecureContext({ cert: loaded.certificate, key: loaded.privateKey, ca: loaded.caCertificate })
  return loaded
}

/** Gives grpc-js the newest good certificates; a bad set on disk leaves the last good one in use. */
export class ReloadingCertificates implements experimental.CertificateProvider {
  readonly #files: CertificateFiles
  readonly #onFault: (fault: unknown) => void
  readonly #identityListeners = new Set<IdentityListener>()
  readonly #caListeners = new Set<CaListener>()
  #loaded: Loaded

  /** Throws when there is no good set to begin with. */
  constructor(files: CertificateFiles, onFault: (fault: unknown) => void) {
    this.#files = files
    this.#onFault = onFault
    this.#loaded = load(files)
  }

  /** Reads the files again; says whether something new is in use. */
  reload(): boolean {
    try {
      const loaded = load(this.#files)
      if (isSame(loaded, this.#loaded)) return false
      this.#loaded = loaded
    } catch (fault) {
      this.#onFault(fault)
      return false
    }
    for (const listener of this.#identityListeners) listener(this.#loaded)
    for (const listener of this.#caListeners) listener(this.#loaded)
    return true
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener)
    // Later, because grpc-js listens only after this has returned.
    queueMicrotask(() => listener(this.#loaded))
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener)
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener)
    queueMicrotask(() => listener(this.#loaded))
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener)
  }
}

function isSame(one: Loaded, other: Loaded): boolean {
  return (
    one.certificate.equals(other.certificate) &&
    one.privateKey.equals(other.privateKey) &&
    one.caCertificate.equals(other.caCertificate)
  )
}
