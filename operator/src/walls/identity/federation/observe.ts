import type { Problem } from '@bulkhead/crds'
import type { RealmAdmin, SeenIdentityProvider } from '@bulkhead/identity'
import { KubeFault } from '@bulkhead/runtime'
import type { Secret } from '@bulkhead/runtime'
import { namespaceOf } from '@bulkhead/tenancy'
import { secretKind } from '../../../kubernetes/kinds.ts'
import { secretValue } from '../../../kubernetes/secrets.ts'
import type { Parts } from '../../../parts.ts'
import type { Owner } from '../../owner.ts'
import { discover, federationProblem } from './discovery.ts'
import { isOwnProvider, wantedProvider } from './provider.ts'
import type { Federated, WantedProvider } from './provider.ts'

/** The providers of a realm, and what can be made of those that are wanted. */
export interface SeenFederation {
  readonly instances: readonly SeenIdentityProvider[]
  readonly wanted: readonly WantedProvider[]
  /** Aliases that are wanted and cannot be made as they should be now: what stands of them stays. */
  readonly kept: readonly string[]
  readonly problems: readonly Problem[]
}

export interface FederationQuestion {
  readonly owner: Owner
  readonly federation: readonly Federated[]
  readonly isMfaRequired: boolean
  /** The secret of our own account in the realm. */
  readonly key: Secret<string>
}

type Look = WantedProvider | { readonly kept: string; readonly problem: Problem | undefined }

export async function observeFederation(
  parts: Pick<Parts, 'kubernetes' | 'fetchGuarded' | 'logger'>,
  admin: RealmAdmin,
  question: FederationQuestion,
  signal: AbortSignal,
): Promise<SeenFederation> {
  const instances = await admin.identityProviders()
  const looks = await Promise.all(
    question.federation.map((federated, index) => look(parts, { ...question, instances }, [federated, index], signal)),
  )
  return {
    instances,
    wanted: looks.flatMap((one) => ('fields' in one ? [one] : [])),
    kept: looks.flatMap((one) => ('kept' in one ? [one.kept] : [])),
    problems: looks.flatMap((one) => ('kept' in one && one.problem !== undefined ? [one.problem] : [])),
  }
}

async function look(
  { kubernetes, fetchGuarded, logger }: Pick<Parts, 'kubernetes' | 'fetchGuarded' | 'logger'>,
  { owner, key, isMfaRequired, instances }: FederationQuestion & Pick<SeenFederation, 'instances'>,
  [federated, index]: readonly [Federated, number],
  signal: AbortSignal,
): Promise<Look> {
  const { alias, issuer, secretRef } = federated
  const fail = (field: string, reason: Problem['reason'], message: string): Look => ({
    ...{ kept: alias, problem: federationProblem(index, field, reason, message) },
  })
  const before = instances.find((one) => one.alias === alias)
  if (before !== undefined && !isOwnProvider(before)) {
    return fail('alias', 'NameTaken', `A provider "${alias}" exists that is not of this tenant; it was left untouched`)
  }
  const secret = await readSecret(kubernetes, { namespace: namespaceOf(owner.name), ...secretRef }, signal)
  if (secret === undefined) {
    return fail('secretRef', 'SecretNotFound', `There is no Secret "${secretRef.name}" with a key "${secretRef.key}"`)
  }
  const found = await discover(fetchGuarded, issuer, signal)
  if (found.kind === 'found') {
    return wantedProvider({ federated, endpoints: found.endpoints, secret, key, isMfaRequired })
  }
  const isKept = found.kind === 'away' && before?.config['issuer'] === issuer
  // A provider that stood once and is away for a while is nobody's mistake.
  if (!isKept) return fail('issuer', 'IssuerInvalid', found.why)
  logger.warn({ tenant: owner.name, provider: alias, why: found.why }, 'cannot look an identity provider up')
  return { kept: alias, problem: undefined }
}

interface SecretRef {
  readonly namespace: string
  readonly name: string
  readonly key: string
}

// Only ever from the tenant's own namespace, where our account may read because the tenant's role is bound there.
async function readSecret(
  kubernetes: Parts['kubernetes'],
  { namespace, name, key }: SecretRef,
  signal: AbortSignal,
): Promise<Secret<string> | undefined> {
  try {
    return secretValue(await kubernetes.find({ kind: secretKind, namespace, name }, { signal }), key)
  } catch (error) {
    // Before the namespace is furnished nobody is let in.
    if (error instanceof KubeFault && error.status === 403) return undefined
    throw error
  }
}
