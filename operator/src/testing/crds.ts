import { customResourceDefinitions } from '@bulkhead/crds'
import { KubeFault } from '@bulkhead/runtime'
import type { KubeClient, KubeKind } from '@bulkhead/runtime'
import { setTimeout as sleep } from 'node:timers/promises'

const crdKind: KubeKind = {
  ...{ group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' },
  ...{ kind: 'CustomResourceDefinition', namespaced: false },
}

/** Installs our kinds and waits until each can be listed. */
export async function installCrds(client: KubeClient, kinds: readonly KubeKind[]): Promise<void> {
  for (const definition of customResourceDefinitions()) {
    const { apiVersion: _apiVersion, kind: _kind, ...body } = definition
    await client.create(crdKind, body)
  }
  for (const kind of kinds) while (!(await isServed(client, kind))) await sleep(100)
}

async function isServed(client: KubeClient, kind: KubeKind): Promise<boolean> {
  try {
    await client.list(kind)
    return true
  } catch (error) {
    // 404: not served yet; 429: its storage is being made.
    if (error instanceof KubeFault && [404, 429].includes(error.status)) return false
    throw error
  }
}
