import type { AccessPolicy, Metadata, Plan, Problem, Subscription, Tenant, Tool, ToolSet } from '@bulkhead/crds'
import type { AddressRanges } from '@bulkhead/runtime'
import type { ObjectRef } from '../model/model.ts'
import type { ServiceResolution } from '../model/resolution.ts'

/** An object of which only the metadata could be read; what else was readable helps to fail closed. */
export interface InvalidObject {
  readonly kind: ObjectRef['kind']
  readonly metadata: Metadata
  /** Why it could not be read. */
  readonly problem: string
  /** The target of an AccessPolicy: it is denied; without it, every ToolSet is. */
  readonly target?: AccessPolicy['spec']['targetRef'] | undefined
  /** The paths of a Tool: they are refused. */
  readonly http?: Tool['spec']['http'] | undefined
  /** What a ToolSet publishes, and where: it is refused. */
  readonly published?: Pick<ToolSet['spec'], 'hostname' | 'basePath' | 'tools'> | undefined
}

/** What is known of what one tenant's objects refer to, by the caller's look-ups. */
export interface Resolutions {
  /** Canonical host → IPv4 addresses as the name service gave them, not filtered; a host without entry did not resolve. */
  readonly external: ReadonlyMap<string, readonly string[]>
  /** `serviceKey(name, port)` → the outcome. */
  readonly services: ReadonlyMap<string, ServiceResolution>
  /** What is wrong with the certificates that the Tenant names; the certificates themselves never come in here. */
  readonly certificateProblems?: readonly Problem[]
}

/** One tenant's objects, and nothing else. */
export interface TenantInput {
  readonly tenant: Tenant
  readonly tools: readonly Tool[]
  readonly toolSets: readonly ToolSet[]
  readonly plans: readonly Plan[]
  readonly subscriptions: readonly Subscription[]
  readonly accessPolicies: readonly AccessPolicy[]
  readonly invalid: readonly InvalidObject[]
  readonly resolutions: Resolutions
}

/** What the platform decides for every tenant. */
export interface BuildSettings {
  readonly defaultRequestsPerSecond: { readonly guaranteed: number; readonly ceiling: number }
  readonly externalBackends: {
    readonly ranges: AddressRanges
    /** Undefined: every port. */
    readonly allowedPorts: ReadonlySet<number> | undefined
  }
}

/** The key of a Service and one of its ports. */
export function serviceKey(name: string, port: number): string {
  return `${name}:${port}`
}
