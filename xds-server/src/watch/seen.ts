import type { AccessPolicy, KindInfo, Metadata, Tool } from '@bulkhead/crds'
import { accessPolicy, kinds, parserOf, plan, subscription, tenant, tool, toolSet } from '@bulkhead/crds'
import type { Parsed } from '@bulkhead/runtime'
import { parseTenantName } from '@bulkhead/tenancy'
import { z } from 'zod'
import type { InvalidObject } from '../build/input.ts'
import type { ObjectRef } from '../model/model.ts'

/** An object as it came: understood, or known only by its metadata and by what else could be read. */
export type Seen<T> =
  | { readonly kind: 'valid'; readonly metadata: Metadata; readonly object: T }
  | { readonly kind: 'invalid'; readonly metadata: Metadata; readonly invalid: InvalidObject }

export type NamespacedKind = Exclude<ObjectRef['kind'], 'Tenant'>

/** How each kind of ours is addressed. */
export const kindInfo: Readonly<Record<ObjectRef['kind'], KindInfo>> = {
  Tenant: kinds.tenant,
  Tool: kinds.tool,
  ToolSet: kinds.toolSet,
  Plan: kinds.plan,
  Subscription: kinds.subscription,
  AccessPolicy: kinds.accessPolicy,
}

const onlyMetadata = parserOf(z.object({ metadata: tool.shape.metadata }))
const onlyHttp = parserOf(z.object({ spec: z.object({ http: tool.shape.spec.shape.http }) }))
const onlyTarget = parserOf(z.object({ spec: z.object({ targetRef: accessPolicy.shape.spec.shape.targetRef }) }))

const { hostname, basePath, tools } = toolSet.shape.spec.shape
const onlyPublished = parserOf(z.object({ spec: z.object({ hostname, basePath, tools }) }))

type Salvage = (raw: unknown) => Pick<InvalidObject, 'http' | 'published' | 'target'>

const salvageNothing: Salvage = () => ({})

const salvageHttp: Salvage = (raw) => {
  const read: Parsed<{ spec: { http: Tool['spec']['http'] } }> = onlyHttp(raw)
  return read.ok ? { http: read.value.spec.http } : {}
}

const salvagePublished: Salvage = (raw) => {
  const read: Parsed<{ spec: NonNullable<InvalidObject['published']> }> = onlyPublished(raw)
  return read.ok ? { published: read.value.spec } : {}
}

const salvageTarget: Salvage = (raw) => {
  const read: Parsed<{ spec: { targetRef: AccessPolicy['spec']['targetRef'] } }> = onlyTarget(raw)
  return read.ok ? { target: read.value.spec.targetRef } : {}
}

function seenParser<T extends { readonly metadata: Metadata }>(
  kind: NamespacedKind,
  schema: z.ZodType<T>,
  salvage: Salvage = salvageNothing,
): (raw: unknown) => Parsed<Seen<T>> {
  const parse = parserOf(schema)
  return (raw) => {
    const full = parse(raw)
    if (full.ok) return { ok: true, value: { kind: 'valid', metadata: full.value.metadata, object: full.value } }
    const addressed = onlyMetadata(raw)
    if (!addressed.ok) return addressed
    const { metadata } = addressed.value
    const invalid: InvalidObject = { kind, metadata, problem: full.problem, ...salvage(raw) }
    return { ok: true, value: { kind: 'invalid', metadata, invalid } }
  }
}

const parseAnyTenant = parserOf(tenant)

/** Readers for the door, by kind; only an object without readable metadata is set aside. */
export const parsers = {
  tool: seenParser('Tool', tool, salvageHttp),
  toolSet: seenParser('ToolSet', toolSet, salvagePublished),
  plan: seenParser('Plan', plan),
  subscription: seenParser('Subscription', subscription),
  accessPolicy: seenParser('AccessPolicy', accessPolicy, salvageTarget),
  /** A Tenant that cannot be read is set aside, and the last that could be read stays in force. */
  tenant: (raw: unknown): ReturnType<typeof parseAnyTenant> => {
    const parsed = parseAnyTenant(raw)
    if (!parsed.ok || parseTenantName(parsed.value.metadata.name) !== undefined) return parsed
    return { ok: false, problem: `metadata.name: "${parsed.value.metadata.name}" is no tenant name` }
  },
} as const
