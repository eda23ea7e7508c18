// Certificates for tests, good ones and those that are wrong in one thing.
import 'reflect-metadata' // x509 asks for it to be there first
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { KubeObject } from '@bulkhead/runtime'

const algorithms = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-256' },
  'RSA-1024': rsa(1024),
  'RSA-2048': rsa(2048),
  Ed25519: { name: 'Ed25519' },
} as const

function rsa(modulusLength: number) {
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent: new Uint8Array([1, 0, 1]) }
}

export interface Issued {
  readonly cert: string
  readonly key: string
}

export interface IssueOptions {
  readonly kind?: keyof typeof algorithms
  /** In the subject only. */
  readonly commonName?: string
  readonly validFrom?: string
  readonly validTo?: string
}

/** A certificate that vouches for itself, for these names of type DNS. */
export async function issue(dns: readonly string[], options: IssueOptions = {}): Promise<Issued> {
  const { kind = 'P-256', commonName = 'edge', validFrom = '2020-01-01', validTo = '2100-01-01' } = options
  x509.cryptoProvider.set(webcrypto)
  const algorithm = algorithms[kind]
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const names = dns.map((value) => ({ type: 'dns', value }) as const)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    notBefore: new Date(validFrom),
    notAfter: new Date(validTo),
    signingAlgorithm: algorithm,
    extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
  })
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
}

/** The same as a certificate of version 1 that has extensions all the same: OpenSSL takes it, Envoy's library does not. */
export function asVersionOne({ cert, key }: Issued): Issued {
  const der = Buffer.from(x509.PemConverter.decodeFirst(cert))
  der[der.indexOf(Buffer.from('a003020102', 'hex')) + 4] = 0
  return { cert: x509.PemConverter.encode(der, 'CERTIFICATE'), key }
}

/** The Secret that holds a certificate. */
export function tlsSecret(namespace: string, name: string, { cert, key }: Issued): KubeObject {
  const data = { 'tls.crt': base64(cert), 'tls.key': base64(key) }
  return { metadata: { namespace, name }, type: 'kubernetes.io/tls', data }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
