import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { certificatePair, useOption } from '@bulkhead/runtime'
import type { XdsServerConfig } from './config.ts'

interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile?: string
}

/** Looks into every file that the configuration names, before anything starts; throws a `ConfigProblem` with the option. */
export async function checkFiles(config: XdsServerConfig): Promise<void> {
  await checkCertificate('grpc', config.grpc)
  await checkCertificate('bundles', config.bundles)
  for (const [index, edge] of config.edgeCertificates.entries())
    await checkCertificate(`edgeCertificates.${index}`, edge)
  if (config.policyFile !== undefined) await read('policyFile', config.policyFile, 'the path of a readable Rego file')
}

async function checkCertificate(section: string, { certFile, keyFile, clientCaFile }: CertificateFiles): Promise<void> {
  const pem = 'the path of a readable PEM file'
  const cert = await read(`${section}.certFile`, certFile, pem)
  const key = await read(`${section}.keyFile`, keyFile, pem)
  const own = {
    name: `${section}.certFile`,
    value: certFile,
    allowed: `a certificate with its key in ${section}.keyFile`,
  }
  await useOption(own, () => certificatePair([cert, key]))
  if (clientCaFile === undefined) return
  const authority = {
    name: `${section}.clientCaFile`,
    value: clientCaFile,
    allowed: "the authority's certificate in PEM",
  }
  await useOption(authority, async (path) => new X509Certificate(await readFile(path)))
}

function read(name: string, value: string, allowed: string): Promise<string> {
  return useOption({ name, value, allowed }, (path) => readFile(path, 'utf8'))
}
