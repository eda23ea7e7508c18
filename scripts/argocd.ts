import { kinds } from '@bulkhead/crds'

/** What Argo CD is to ignore: what our processes write into objects that come from a repository. */
const ignored = 'jsonPointers:\n  - /metadata/finalizers\n  - /status\n'

/** The health scripts: of every kind of ours, and of Argo CD's own Application. */
export interface HealthScripts {
  readonly ours: string
  readonly application: string
}

/** The entries of Argo CD's ConfigMap: the health script and what to ignore, for each kind of ours. */
export function argocdConfigMap({ ours, application }: HealthScripts): Readonly<Record<string, unknown>> {
  const keys = Object.values(kinds).map(({ group, kind }) => `${group}_${kind}`)
  const entries = keys.flatMap((key) => [
    [`resource.customizations.health.${key}`, ours],
    [`resource.customizations.ignoreDifferences.${key}`, ignored],
  ])
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data: {
      ...Object.fromEntries(entries),
      'resource.customizations.health.argoproj.io_Application': application,
    },
  }
}
