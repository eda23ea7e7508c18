import { apiVersion, kinds, type KindInfo } from '@bulkhead/crds'

type Fields = Readonly<Record<string, unknown>>

/** An object as a person would write it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: Fields
}

function manifest(kind: KindInfo, name: string, namespace: string | undefined, spec: Fields): Manifest {
  return {
    apiVersion: `${kind.group}/${apiVersion}`,
    kind: kind.kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec,
  }
}

export const tenant = (name: string, spec: Fields = {}): Manifest =>
  manifest(kinds.tenant, name, undefined, {
    displayName: `${name} Inc.`,
    admins: [{ kind: 'Group', name: `${name}-admins` }],
    limits: { requestsPerSecond: { guaranteed: 50, ceiling: 200 } },
    deletionPolicy: 'Delete',
    ...spec,
  })

/** The objects of one namespace. */
export const inNamespace = (namespace: string) => ({
  tool: (name: string, port: number, spec: Fields = {}): Manifest =>
    manifest(kinds.tool, name, namespace, {
      backend: { type: 'External', external: { host: '127.0.0.1', port } },
      http: { pathPrefix: `/${name}` },
      ...spec,
    }),
  toolSet: (name: string, hostname: string, tools: readonly string[], spec: Fields = {}): Manifest =>
    manifest(kinds.toolSet, name, namespace, { hostname, tools, ...spec }),
  plan: (name: string, spec: Fields = {}): Manifest => manifest(kinds.plan, name, namespace, spec),
  subscription: (name: string, toolSet: string, plan: string, spec: Fields = {}): Manifest =>
    manifest(kinds.subscription, name, namespace, {
      toolSetRef: { name: toolSet },
      planRef: { name: plan },
      application: { displayName: name },
      credentials: { type: 'OAuth2', secretName: `${name}-credentials` },
      ...spec,
    }),
  accessPolicy: (
    name: string,
    target: { kind: 'ToolSet' | 'Tool'; name: string },
    rules: readonly Fields[],
  ): Manifest => manifest(kinds.accessPolicy, name, namespace, { targetRef: target, rules }),
})
