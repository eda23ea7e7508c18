import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

// The certificates of one instance: five authorities that know nothing of each other, so that a certificate of one
// protocol opens no other. The keys never leave the instance's folder.

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const validityMs = 365 * 24 * 3_600_000
const renewBeforeMs = 30 * 24 * 3_600_000

const authorityNames = ['kube-ca', 'etcd-ca', 'mesh-ca', 'edge-ca', 'issuer-ca'] as const
type AuthorityName = (typeof authorityNames)[number]

interface LeafPlan {
  readonly name: string
  readonly authority: AuthorityName
  readonly subject: string
  readonly use: 'server' | 'client' | 'both'
  readonly alternativeNames: readonly { readonly type: 'dns' | 'ip' | 'url'; readonly value: string }[]
}

const loopback = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
] as const

/** Every certificate below an authority, by its file name. */
export const leafPlans: readonly LeafPlan[] = [
  {
    name: 'kube-apiserver',
    authority: 'kube-ca',
    subject: 'CN=kube-apiserver',
    use: 'server',
    alternativeNames: [
      ...loopback,
      { type: 'dns', value: 'kubernetes.default.svc' },
      { type: 'ip', value: '10.96.0.1' },
    ],
  },
  client('admin', 'kube-ca', 'CN=bulkhead-admin, O=system:masters'),
  {
    name: 'controller-manager',
    authority: 'kube-ca',
    subject: 'CN=system:kube-controller-manager, O=system:masters',
    use: 'both',
    alternativeNames: loopback,
  },
  { name: 'etcd', authority: 'etcd-ca', subject: 'CN=etcd', use: 'both', alternativeNames: loopback },
  client('etcd-client', 'etcd-ca', 'CN=kube-apiserver'),
  {
    name: 'xds-server',
    authority: 'mesh-ca',
    subject: 'CN=xds-server',
    use: 'both',
    alternativeNames: [{ type: 'url', value: 'spiffe://bulkhead/xds-server' }, ...loopback],
  },
  client('envoy', 'mesh-ca', 'CN=envoy', 'spiffe://bulkhead/fleet/shared/envoy'),
  client('opa', 'mesh-ca', 'CN=opa', 'spiffe://bulkhead/fleet/shared/opa'),
  {
    name: 'edge',
    authority: 'edge-ca',
    subject: 'CN=*.gw.test',
    use: 'server',
    alternativeNames: [
      { type: 'dns', value: '*.gw.test' },
      { type: 'dns', value: 'gw.test' },
    ],
  },
  // For identity providers that tenants bring; on a local platform they are processes of this machine.
  { name: 'issuer', authority: 'issuer-ca', subject: 'CN=issuer', use: 'server', alternativeNames: loopback },
]

function client(name: string, authority: AuthorityName, subject: string, uri?: string): LeafPlan {
  const alternativeNames = uri === undefined ? [] : [{ type: 'url' as const, value: uri }]
  return { name, authority, subject, use: 'client', alternativeNames }
}

interface Authority {
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

/** Makes what is missing or ends within a month; a new authority renews everything below it. */
export async function ensurePki(folder: string, nowMs: number): Promise<void> {
  if (await isComplete(folder, nowMs)) return
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const authorities = new Map<AuthorityName, Authority>()
  for (const name of authorityNames) {
    const authority = await makeAuthority(name, nowMs)
    authorities.set(name, authority)
    await writePem(folder, `${name}.crt`, authority.certificate.toString('pem'))
    // Kept for tests that issue a foreign or a second certificate; nothing of the platform reads it.
    await writePem(folder, `${name}.key`, await privatePem(authority.keys))
  }
  for (const plan of leafPlans) await makeLeaf(folder, plan, authorities.get(plan.authority), nowMs)
  await makeServiceAccountKey(folder)
}

async function isComplete(folder: string, nowMs: number): Promise<boolean> {
  const names = [...authorityNames, ...leafPlans.map((plan) => plan.name)]
  const ends = await Promise.all(names.map((name) => endOf(join(folder, `${name}.crt`))))
  const key = await readFile(join(folder, 'service-account.pub'), 'utf8').catch(() => '')
  return key !== '' && ends.every((endMs) => endMs - renewBeforeMs > nowMs)
}

async function endOf(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text === '' ? 0 : new x509.X509Certificate(text).notAfter.getTime()
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function lifetime(nowMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
  // A little before now, for parts whose clock is read a moment earlier.
  return { notBefore: new Date(nowMs - 300_000), notAfter: new Date(nowMs + validityMs) }
}

function serialNumber(): string {
  // The highest bit stays clear: a serial number is a positive integer.
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01
  return Buffer.from(bytes).toString('hex')
}

async function makeAuthority(name: AuthorityName, nowMs: number): Promise<Authority> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=bulkhead local ${name}`,
    ...lifetime(nowMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate, keys }
}

async function makeLeaf(folder: string, plan: LeafPlan, issuer: Authority | undefined, nowMs: number): Promise<void> {
  if (issuer === undefined) throw new Error(`Cannot issue ${plan.name}: there is no authority ${plan.authority}`)
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: plan.subject,
    issuer: issuer.certificate.subject,
    ...lifetime(nowMs),
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: await leafExtensions(plan, issuer),
  })
  await writePem(folder, `${plan.name}.crt`, certificate.toString('pem'))
  await writePem(folder, `${plan.name}.key`, await privatePem(keys))
}

async function leafExtensions(plan: LeafPlan, issuer: Authority): Promise<x509.Extension[]> {
  const server = x509.ExtendedKeyUsage.serverAuth
  const clientUse = x509.ExtendedKeyUsage.clientAuth
  const uses = { server: [server], client: [clientUse], both: [server, clientUse] }[plan.use]
  const names = plan.alternativeNames.map(({ type, value }) => ({ type, value }))
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(uses),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
  ]
}

async function makeServiceAccountKey(folder: string): Promise<void> {
  const keys = await newKeys()
  const der = await webcrypto.subtle.exportKey('spki', keys.publicKey)
  await writePem(folder, 'service-account.key', await privatePem(keys))
  await writePem(folder, 'service-account.pub', x509.PemConverter.encode(der, 'PUBLIC KEY'))
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return x509.PemConverter.encode(der, 'PRIVATE KEY')
}

async function writePem(folder: string, name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), `${text.trimEnd()}\n`, { mode: 0o600 })
}
