/** One resource of the Kubernetes API, as its paths name it. */
export interface KubeKind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** One object of a kind. */
export interface KubeRef {
  readonly kind: KubeKind
  readonly namespace?: string | undefined
  readonly name: string
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean | undefined
  readonly blockOwnerDeletion?: boolean | undefined
}

/** metav1.ObjectMeta, as far as we use it. `resourceVersion` is opaque: it is compared only by the list and watch. */
export interface KubeMetadata {
  readonly name: string
  readonly namespace?: string | undefined
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly generation?: number | undefined
  readonly creationTimestamp?: string | undefined
  readonly deletionTimestamp?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly finalizers?: readonly string[] | undefined
  readonly ownerReferences?: readonly OwnerReference[] | undefined
}

/** An object that came from, or goes to, the API server; everything but the metadata is parsed by its own schema. */
export interface KubeObject {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly metadata: KubeMetadata
  readonly [field: string]: unknown
}

/** `apiVersion` as objects carry it: `v1`, `bulkhead.dev/v1alpha1`. */
export function apiVersionOf(kind: KubeKind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
}

/** The key of an object in a store: `namespace/name`, or `name` alone for a cluster-scoped kind. */
export function keyOf(metadata: { readonly name: string; readonly namespace?: string | undefined }): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}

/** The path of a kind's collection, over all namespaces when none is given. */
export function collectionPath(kind: KubeKind, namespace?: string): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${kind.plural}`
}

/** The path of one object; a namespaced kind without a namespace is a mistake of ours, not of a user. */
export function objectPath(ref: KubeRef, subresource?: string): string {
  if (ref.kind.namespaced && ref.namespace === undefined) {
    throw new Error(`Cannot address ${ref.kind.kind} "${ref.name}": the kind is namespaced and no namespace was given`)
  }
  // "." and ".." survive encodeURIComponent and would change the path.
  if (ref.name === '' || ref.name === '.' || ref.name === '..') {
    throw new Error(`Cannot address ${ref.kind.kind} "${ref.name}": this is not an object name`)
  }
  const tail = subresource === undefined ? '' : `/${subresource}`
  return `${collectionPath(ref.kind, ref.namespace)}/${encodeURIComponent(ref.name)}${tail}`
}
