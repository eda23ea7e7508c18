// certificates: a host's own certificate, from the Secret that its Tenant names to what Envoy is given. This file is the
// pure half: whether a certificate can stand for a host. No word of a key ever comes into a sentence.
import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Secret } from '@bulkhead/runtime'
import type { Host } from '@bulkhead/tenancy'

/** What a Secret holds. */
export interface CertificatePair {
  readonly cert: string
  readonly key: Secret<string>
}

/** A certificate that stands for its host while it is valid; leaf first, written anew from what was understood. */
export interface HostCertificate extends CertificatePair {
  readonly validFromMs: number
  readonly validToMs: number
}

export type Checked =
  | { readonly kind: 'good'; readonly certificate: HostCertificate }
  /** A sentence without a subject: it goes on after the Secret's name. */
  | { readonly kind: 'bad'; readonly problem: string }

/** More than any chain and key that a browser would take. */
export const maxPairBytes = 64 * 1024
export const tooLarge: Checked = {
  kind: 'bad',
  problem: `is larger than ${maxPairBytes / 1024} KiB, certificates and key together`,
}
const maxCertificates = 8
const leastRsaBits = 2048
// More than this, and each handshake would cost a worker of all tenants' Envoys milliseconds.
const mostRsaBits = 4096
const curves: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1'])

const onePem = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
// A name in the subject only counts for nothing: it would for no browser either. A star stands for one whole label.
const howNamesCount = { subject: 'never', wildcards: true, partialWildcards: false } as const

/** Checks all that does not change with time. */
export function checkPair({ cert, key }: CertificatePair, host: Host): Checked {
  if (cert.length + key.reveal().length > maxPairBytes) return tooLarge
  const chain = readChain(cert)
  if (typeof chain === 'string') return bad(chain)
  const [leaf] = chain
  const privateKey = readKey(key)
  if (privateKey === undefined) return bad('holds no private key in PEM without a passphrase under tls.key')
  const problem = leafProblem(leaf, privateKey, host)
  if (problem !== undefined) return bad(problem)
  const certificate = {
    cert: chain.map(String).join(''),
    key: new Secret(String(privateKey.export({ type: 'pkcs8', format: 'pem' }))),
    validFromMs: leaf.validFromDate.getTime(),
    validToMs: leaf.validToDate.getTime(),
  }
  return { kind: 'good', certificate }
}

/** Why a certificate cannot be used at this time. */
export function timeProblem({ validFromMs, validToMs }: HostCertificate, nowMs: number): string | undefined {
  if (nowMs < validFromMs) return `holds a certificate that is valid only from ${isoTime(validFromMs)}`
  if (nowMs >= validToMs) return `holds a certificate that ended at ${isoTime(validToMs)}`
  return undefined
}

function bad(problem: string): Checked {
  return { kind: 'bad', problem }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

type Chain = readonly [X509Certificate, ...X509Certificate[]]

function readChain(text: string): Chain | string {
  const pems = text.match(onePem) ?? []
  if (pems.length > maxCertificates) return `holds more than ${maxCertificates} certificates under tls.crt`
  try {
    const [leaf, ...others] = pems.map((pem) => new X509Certificate(pem))
    return leaf === undefined ? 'holds no certificate in PEM under tls.crt' : [leaf, ...others]
  } catch {
    return 'holds a certificate under tls.crt that cannot be read' // OpenSSL's words say no more than this
  }
}

function readKey(key: Secret<string>): KeyObject | undefined {
  try {
    return createPrivateKey({ key: key.reveal(), format: 'pem' })
  } catch {
    return undefined // OpenSSL's words say no more than this
  }
}

function leafProblem(leaf: X509Certificate, key: KeyObject, host: Host): string | undefined {
  // Envoy takes the first for the leaf, so an issuer before it is a mistake that the next sentence tells.
  if (!leaf.checkPrivateKey(key)) return 'holds a key that is not that of the first certificate under tls.crt'
  if (!isStrong(leaf.publicKey))
    return `holds a key that is none of RSA with ${leastRsaBits} to ${mostRsaBits} bits, P-256 and P-384`
  if (leaf.checkHost(host, howNamesCount) === undefined)
    return `holds a certificate that does not stand for "${host}": its names of type DNS are compared`
  return undefined
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails
  if (asymmetricKeyType === 'rsa') return modulusLength >= leastRsaBits && modulusLength <= mostRsaBits
  return asymmetricKeyType === 'ec' && curves.has(namedCurve)
}
