import { kinds } from '@bulkhead/crds'
import { createKubeClient, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeClient } from '@bulkhead/runtime'
import { startTestApiServer } from '@bulkhead/runtime/testing-api-server'
import { namespaceOf } from '@bulkhead/tenancy'
import { applyNamespaceStep } from '../walls/namespace/apply.ts'
import { observeNamespace } from '../walls/namespace/observe.ts'
import type { SeenNamespace } from '../walls/namespace/observed.ts'
import { planNamespace } from '../walls/namespace/plan.ts'
import { wantNamespace } from '../walls/namespace/wanted.ts'
import type { Owner } from '../walls/owner.ts'
import { ownerOf } from '../walls/owner.ts'
import { installCrds } from './crds.ts'
import { applyManifests, emergencyGroup, operatorUser, readManifests } from './manifests.ts'
import { sampleTenant, settings } from './samples.ts'

/** A real API server with our kinds, roles and policies, and nothing that a tenant needs besides wall 1. */
export interface Cluster {
  /** Member of system:masters: an administrator as clusters have them. */
  readonly admin: KubeClient
  /** The same in an emergency. */
  readonly emergency: KubeClient
  /** With the operator's account. */
  readonly operator: KubeClient
  /** A client of one more person. */
  readonly person: (user: string, groups?: readonly string[]) => Promise<KubeClient>
  /** Builds, or mends, the namespace of a tenant with the operator's account, as the operator does. */
  readonly furnish: (name: string, spec?: object) => Promise<Furnished>
  readonly stop: () => Promise<void>
}

export interface Furnished {
  readonly namespace: string
  readonly owner: Owner
  readonly seen: SeenNamespace
  /** What was done, like `mend NetworkPolicy`. */
  readonly steps: readonly string[]
}

/** `isShipped` tells which of the manifests are applied. */
export async function startCluster(isShipped = (_kind: string): boolean => true): Promise<Cluster> {
  const api = await startTestApiServer({ user: operatorUser })
  const clients: KubeClient[] = []
  const client = (kubeconfigPath: string): KubeClient => {
    const made = createKubeClient({ kubeconfigPath, logger: silentLogger, clock: systemClock })
    clients.push(made)
    return made
  }
  const person = async (user: string, groups: readonly string[] = []) => client(await api.kubeconfigFor(user, groups))
  const admin = client(api.adminKubeconfigPath)
  await installCrds(admin, Object.values(kinds))
  await api.startControllerManager()
  const documents = await readManifests(['rbac', 'admission'])
  await applyManifests(
    admin,
    documents.filter((document) => isShipped(document.kind)),
  )
  const operator = client(api.kubeconfigPath)
  const emergency = await person('root', ['system:masters', emergencyGroup])
  return {
    ...{ admin, emergency, operator, person },
    furnish: (name, spec) => furnish(operator, name, spec),
    stop: async () => {
      for (const one of clients) one.close()
      await api.stop()
    },
  }
}

const maxRounds = 5

async function furnish(kubernetes: KubeClient, name: string, spec: object = {}): Promise<Furnished> {
  const owner = ownerOf({ name, uid: `uid-of-${name}` })
  if (owner === undefined) throw new Error(`"${name}" is no tenant's name`)
  const { wanted } = wantNamespace(owner, sampleTenant({ metadata: { name }, spec }), { ...settings, operatorUser })
  const parts = { kubernetes, clock: systemClock }
  const invitation = { username: 'admin', loginUrl: 'https://id.test', password: () => Promise.resolve(undefined) }
  const signal = AbortSignal.timeout(60_000)
  const done: string[] = []
  let seen = await observeNamespace(parts, owner, wanted, signal)
  for (let round = 1; round <= maxRounds; round += 1) {
    const steps = planNamespace(wanted, seen, false)
    if (steps.length === 0) break
    for (const step of steps) {
      await applyNamespaceStep({ parts, invitation }, step, signal)
      done.push(`${step.kind} ${step.object.kind.kind}`)
    }
    seen = await observeNamespace(parts, owner, wanted, signal)
  }
  return { namespace: namespaceOf(owner.name), owner, seen, steps: done }
}
