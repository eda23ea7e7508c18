import type { KubeBody, KubeClient, KubeObject, KubeRef } from '@bulkhead/runtime'
import { secretKind, tenantKind } from '../kubernetes/kinds.ts'
import type { Parts } from '../parts.ts'

// Operators that do what they have to do in an order of which a crash leaves something: who looks for such things has to
// find these.

/** One that stores a realm's secrets only when the realm is made. */
export function storingSecretsLast(parts: Parts): Parts {
  const owed = new Map<string, KubeBody>()
  const isOwed = ({ kind, name }: KubeRef) => kind === secretKind && owed.has(name)
  const kubernetes: KubeClient = {
    ...parts.kubernetes,
    find: async (ref, options) => (isOwed(ref) ? owed.get(ref.name) : parts.kubernetes.find(ref, options)),
    create: async (kind, body, options): Promise<KubeObject> => {
      if (kind !== secretKind || !body.metadata.name.startsWith('realm-')) {
        return parts.kubernetes.create(kind, body, options)
      }
      owed.set(body.metadata.name, body)
      return body
    },
  }
  const createRealm: Parts['keycloak']['createRealm'] = async (...args) => {
    const made = await parts.keycloak.createRealm(...args)
    for (const [name, body] of owed) {
      owed.delete(name)
      await parts.kubernetes.create(secretKind, body)
    }
    return made
  }
  return { ...parts, kubernetes, keycloak: { ...parts.keycloak, createRealm } }
}

/** One that makes everything before its finalizer stands. */
export function withoutFinalizer(parts: Parts): Parts {
  const kubernetes: KubeClient = {
    ...parts.kubernetes,
    patch: async (ref, patch, options) =>
      ref.kind === tenantKind ? parts.kubernetes.get(ref) : parts.kubernetes.patch(ref, patch, options),
  }
  return { ...parts, kubernetes }
}
