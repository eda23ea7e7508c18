import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlreadyExists } from '@bulkhead/runtime'
import type { KubeClient, KubeKind } from '@bulkhead/runtime'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { namespaceKind, roleBindingKind, roleKind } from '../kubernetes/kinds.ts'

const documentShape = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })
type Document = z.infer<typeof documentShape>

const clusterWide = (of: KubeKind, kind: string): KubeKind => ({
  ...of,
  ...{ kind, plural: `${kind.toLowerCase()}s`, namespaced: false },
})
const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false }
const policyKind: KubeKind = {
  ...admission,
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
}
const policyBindingKind = clusterWide(policyKind, 'ValidatingAdmissionPolicyBinding')
const clusterRoleKind = clusterWide(roleKind, 'ClusterRole')
const kinds: readonly KubeKind[] = [
  ...[namespaceKind, { ...namespaceKind, plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true }],
  ...[roleKind, roleBindingKind, clusterRoleKind, clusterWide(roleBindingKind, 'ClusterRoleBinding')],
  ...[policyKind, policyBindingKind],
]

/** Who the manifests give the operator's rights to. */
export const operatorUser = 'system:serviceaccount:bulkhead-system:bulkhead-operator'
/** Members pass every policy of ours. */
export const emergencyGroup = 'bulkhead:break-glass'

/** The documents of the folders of `manifests/`, in the order of their names. */
export async function readManifests(folders: readonly string[]): Promise<readonly Document[]> {
  const root = join(import.meta.dirname, '..', '..', '..', 'manifests')
  const found = folders.map(async (folder) => {
    const names = (await readdir(join(root, folder))).filter((name) => name.endsWith('.yaml')).sort()
    const texts = await Promise.all(names.map((name) => readFile(join(root, folder, name), 'utf8')))
    return texts.flatMap((text) => parseAllDocuments(text).map((parsed) => documentShape.parse(parsed.toJS())))
  })
  return (await Promise.all(found)).flat()
}

/** Makes what the manifests hold, exactly as it is shipped; what is there already stays. */
export async function applyManifests(admin: KubeClient, documents: readonly Document[]): Promise<void> {
  const order = (document: Document): number => (document.kind === 'Namespace' ? 0 : 1)
  // What stands in a namespace needs it, whatever the names of the files are; kustomize orders them likewise.
  for (const document of documents.toSorted((a, b) => order(a) - order(b))) {
    const kind = kinds.find((candidate) => candidate.kind === document.kind)
    if (kind === undefined) throw new Error(`Cannot make a ${document.kind}: its kind is not known here`)
    await admin.create(kind, document).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  }
}
