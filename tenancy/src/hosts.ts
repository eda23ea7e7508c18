import { domainToASCII } from 'node:url'
import type { TenantName } from './names.ts'

/** A host in its one canonical form: lower-case A-labels, no port, no trailing dot. */
export type Host = string & { readonly __brand: 'Host' }

const labelPattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/**
 * The canonical form of a host that a person wrote, or undefined when it is none: wildcards, ports, IP addresses,
 * single labels and userinfo are refused, so that two spellings of one host can never be granted to two tenants.
 */
export function canonicalHost(text: string): Host | undefined {
  if (text.length > 253 || !/^[^\s/@:?#[\]\\%*]+$/.test(text)) return undefined
  const ascii = domainToASCII(text.endsWith('.') ? text.slice(0, -1) : text)
  const labels = ascii.split('.')
  if (ascii.length > 253 || labels.length < 2 || !labels.every((label) => labelPattern.test(label))) return undefined
  // The last label of an IPv4 address is a number in some notation; no public suffix is one.
  return /^(0x[0-9a-f]*|[0-9]+)$/.test(labels.at(-1) ?? '') ? undefined : (ascii as Host)
}

/** The host that every tenant gets by itself. */
export function tenantHost(name: TenantName, baseDomain: string): Host {
  return `${name}.${baseDomain}` as Host
}

/** Whether a host is the base domain or stands under it: there, only `tenantHost` is granted, and by itself. */
export function isUnderBaseDomain(host: Host, baseDomain: string): boolean {
  return host === baseDomain || host.endsWith(`.${baseDomain}`)
}
