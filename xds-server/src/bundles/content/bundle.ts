import { archiveOf } from './archive.ts'
import { patchJson } from './patch.ts'
import type { PathChange } from './patch.ts'

// The policy and the data stand under one root. OPA refuses a delta whose roots differ from those of its snapshot.
const roots = ['bulkhead']

/** Everything: policy and data. */
export function snapshotBundle(revision: string, policy: string, data: readonly string[]): Promise<Buffer> {
  return archiveOf([
    { name: '.manifest', content: JSON.stringify({ revision, roots, rego_version: 1 }) },
    { name: 'data.json', content: Buffer.from(data.join('')) },
    { name: 'bulkhead/authz.rego', content: policy },
  ])
}

/** What changed in the data since the bundle that the receiver holds. */
export function deltaBundle(revision: string, changes: readonly PathChange[]): Promise<Buffer> {
  return archiveOf([
    { name: '.manifest', content: JSON.stringify({ revision, roots }) },
    { name: 'patch.json', content: patchJson(changes) },
  ])
}
