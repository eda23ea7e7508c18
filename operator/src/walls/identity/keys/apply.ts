import type { RealmAdmin } from '@bulkhead/identity'
import { keyComponent } from './components.ts'
import type { OwnKey } from './components.ts'
import type { KeyStep } from './rotation.ts'

const kinds: readonly string[] = ['publish-key', 'change-key', 'retire-other', 'adopt-other', 'remove-key']

/** Whether a step is about a key. */
export function isKeyStep<S extends { readonly kind: string }>(step: S): step is Extract<S, KeyStep> {
  return kinds.includes(step.kind)
}

export async function applyKeyStep(admin: RealmAdmin, step: KeyStep): Promise<void> {
  switch (step.kind) {
    case 'publish-key':
      return admin.createComponent(keyComponent(step.key))
    case 'remove-key':
      return admin.deleteComponent(step.id)
    case 'change-key':
      return change(admin, step.key)
    case 'adopt-other':
    case 'retire-other':
      return change(admin, step.as)
  }
}

// Only what is decided here changes: another size or kind would make another key.
async function change(admin: RealmAdmin, key: OwnKey): Promise<void> {
  const found = (await admin.components()).find(({ id }) => id === key.id)
  if (found === undefined) return
  const { name } = keyComponent(key)
  const { priority, isActive, isEnabled } = key
  const config = { priority: [String(priority)], active: [String(isActive)], enabled: [String(isEnabled)] }
  await admin.updateComponent(key.id, { ...found, name, config: { ...found.config, ...config } })
}
