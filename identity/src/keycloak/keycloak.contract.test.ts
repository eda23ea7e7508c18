import { startTestPostgres } from '@bulkhead/database/testing'
import { afterAll, beforeAll, describe } from 'vitest'
import { accessTests, permissionTests } from '../testing/contract/access-tests.ts'
import { bootstrapTests } from '../testing/contract/bootstrap-tests.ts'
import { clientScopeTests, clientTests } from '../testing/contract/client-tests.ts'
import { realmChangeTests, realmImportTests, realmTests } from '../testing/contract/realm-tests.ts'
import { flowTests, settingsTests } from '../testing/contract/settings-tests.ts'
import { createSubject } from '../testing/contract/subject.ts'
import type { Subject } from '../testing/contract/subject.ts'
import { signatureTests, tokenTests } from '../testing/contract/token-tests.ts'
import { startKeycloakDouble, startTestKeycloak } from '../testing/index.ts'
import type { TestKeycloak } from '../testing/index.ts'

// The port over HTTP, against a real Keycloak and against the double by the same tests: one that runs on the double is
// worth as much as these.
async function startReal(): Promise<TestKeycloak> {
  const postgres = await startTestPostgres()
  const keycloak = await startTestKeycloak(postgres)
  const stop = async (): Promise<void> => {
    await keycloak.stop()
    await postgres.stop()
  }
  return { ...keycloak, stop }
}

describe.each<[string, () => Promise<TestKeycloak>]>([
  ['the double', () => startKeycloakDouble()],
  ['a real Keycloak', startReal],
])('%s', (_name, start) => {
  // Filled before the first test: the tests are named before anything runs.
  const subject: Partial<Subject> = {}
  beforeAll(async () => {
    Object.assign(subject, await createSubject(await start()))
  }, 300_000)
  afterAll(() => subject.server?.stop())

  const started = subject as Subject
  const realms = [realmTests, realmImportTests, realmChangeTests, accessTests, permissionTests]
  const inside = [clientTests, clientScopeTests, tokenTests, signatureTests, flowTests, settingsTests]
  for (const defineTests of [...realms, ...inside]) defineTests(started)
  if (start === startReal) bootstrapTests(started)
})
