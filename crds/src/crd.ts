import type { z } from 'zod'
import { accessPolicySpec } from './access-policy.ts'
import { apiVersion, kinds, plainStatus, type KindInfo } from './kinds.ts'
import { planSpec } from './plan-spec.ts'
import { subscriptionSpec, subscriptionStatus } from './subscription.ts'
import { tenantSpec, tenantStatus } from './tenant.ts'
import { toolSetSpec } from './tool-set.ts'
import { toolSpec } from './tool.ts'
import { structural, type Schema } from './structural.ts'

interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date' | 'boolean'
  readonly jsonPath: string
  readonly priority?: number
}

interface Definition {
  readonly info: KindInfo
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly description: string
  readonly spec: z.ZodType
  readonly status: z.ZodType
  readonly columns: readonly Column[]
}

const conditionColumn = (type: string, name = type, priority = 0): Column => ({
  name,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  priority,
})
const reasonColumn: Column = {
  name: 'Reason',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
}
const ageColumn: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
const readyColumns = [conditionColumn('Ready'), reasonColumn]
// The sentence behind the reason, for whoever asks for more with `-o wide`.
const messageColumn: Column = {
  name: 'Message',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  priority: 1,
}
const lastColumns = [messageColumn, ageColumn]

const definitions: readonly Definition[] = [
  {
    info: kinds.tenant,
    singular: 'tenant',
    shortNames: ['tn'],
    description: 'An organisation: its namespace, realm, schema and slice of the data plane',
    spec: tenantSpec,
    status: tenantStatus,
    columns: [
      ...readyColumns,
      { name: 'Namespace', type: 'string', jsonPath: '.status.namespace' },
      conditionColumn('Programmed'),
      { name: 'Hosts', type: 'string', jsonPath: '.status.granted.hostnames[*]', priority: 1 },
      { name: 'Suspended', type: 'boolean', jsonPath: '.spec.suspended', priority: 1 },
      { name: 'Envoys', type: 'integer', jsonPath: '.status.dataPlane.programmed', priority: 1 },
      ...lastColumns,
    ],
  },
  {
    info: kinds.tool,
    singular: 'tool',
    shortNames: ['tl'],
    description: 'One callable API and the backend behind it',
    spec: toolSpec,
    status: plainStatus,
    columns: [
      ...readyColumns,
      { name: 'Backend', type: 'string', jsonPath: '.spec.backend.type' },
      { name: 'Path', type: 'string', jsonPath: '.spec.http.path', priority: 1 },
      { name: 'Prefix', type: 'string', jsonPath: '.spec.http.pathPrefix', priority: 1 },
      conditionColumn('Programmed', 'Programmed', 1),
      ...lastColumns,
    ],
  },
  {
    info: kinds.toolSet,
    singular: 'toolset',
    shortNames: ['ts'],
    description: 'Tools published under a host and a path',
    spec: toolSetSpec,
    status: plainStatus,
    columns: [
      ...readyColumns,
      { name: 'Host', type: 'string', jsonPath: '.spec.hostname' },
      { name: 'Path', type: 'string', jsonPath: '.spec.basePath' },
      { name: 'Access', type: 'string', jsonPath: '.spec.access' },
      { name: 'Tools', type: 'string', jsonPath: '.spec.tools[*]', priority: 1 },
      conditionColumn('Programmed', 'Programmed', 1),
      ...lastColumns,
    ],
  },
  {
    info: kinds.plan,
    singular: 'plan',
    shortNames: ['pl'],
    description: 'What a subscriber may use',
    spec: planSpec,
    status: plainStatus,
    columns: [
      ...readyColumns,
      { name: 'Limits', type: 'string', jsonPath: '.spec.limits[*].requests' },
      { name: 'Per', type: 'string', jsonPath: '.spec.limits[*].per' },
      { name: 'Roles', type: 'string', jsonPath: '.spec.roles[*]', priority: 1 },
      conditionColumn('Programmed', 'Programmed', 1),
      ...lastColumns,
    ],
  },
  {
    info: kinds.subscription,
    singular: 'subscription',
    shortNames: ['sub'],
    description: "One application's access to a tool set",
    spec: subscriptionSpec,
    status: subscriptionStatus,
    columns: [
      ...readyColumns,
      { name: 'ToolSet', type: 'string', jsonPath: '.spec.toolSetRef.name' },
      { name: 'Plan', type: 'string', jsonPath: '.spec.planRef.name' },
      { name: 'Secret', type: 'string', jsonPath: '.spec.credentials.secretName', priority: 1 },
      { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt', priority: 1 },
      conditionColumn('Programmed', 'Programmed', 1),
      ...lastColumns,
    ],
  },
  {
    info: kinds.accessPolicy,
    singular: 'accesspolicy',
    shortNames: ['ap'],
    description: 'Who may call what',
    spec: accessPolicySpec,
    status: plainStatus,
    columns: [
      ...readyColumns,
      { name: 'Target', type: 'string', jsonPath: '.spec.targetRef.name' },
      { name: 'Kind', type: 'string', jsonPath: '.spec.targetRef.kind', priority: 1 },
      conditionColumn('Programmed', 'Programmed', 1),
      ...lastColumns,
    ],
  },
]

// A tenant's name becomes part of other names, so the object's own name is bounded here and not in the spec.
const tenantNameRule = {
  rule: "self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
  message: 'metadata.name must start with a letter, hold only a-z, 0-9 and -, and have at most 40 characters',
}

/** A CustomResourceDefinition as a plain value. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: Readonly<Record<string, unknown>>
}

function schemaOf(definition: Definition): Schema {
  return {
    type: 'object',
    description: definition.description,
    required: ['spec'],
    ...(definition.info.kind === 'Tenant' ? { 'x-kubernetes-validations': [tenantNameRule] } : {}),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structural(definition.spec),
      status: { ...structural(definition.status), default: { observedGeneration: -1 } },
    },
  }
}

/** Every CustomResourceDefinition of ours. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return definitions.map((definition) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${definition.info.plural}.${definition.info.group}`,
      labels: { 'app.kubernetes.io/part-of': 'bulkhead' },
    },
    spec: {
      group: definition.info.group,
      scope: definition.info.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: definition.info.kind,
        listKind: `${definition.info.kind}List`,
        plural: definition.info.plural,
        singular: definition.singular,
        shortNames: definition.shortNames,
        categories: ['bulkhead'],
      },
      versions: [
        {
          name: apiVersion,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schemaOf(definition) },
          subresources: { status: {} },
          additionalPrinterColumns: definition.columns,
        },
      ],
    },
  }))
}
