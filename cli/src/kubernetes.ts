import type { KubeKind } from '@bulkhead/runtime'

const core = (kind: string, plural: string, namespaced: boolean): KubeKind => ({
  ...{ group: '', version: 'v1', plural, kind, namespaced },
})

export const namespaceKind = core('Namespace', 'namespaces', false)
export const secretKind = core('Secret', 'secrets', true)
