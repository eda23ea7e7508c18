// external: a subscription where the tenant brings its own issuer. There is no realm to make a client in: the subscription
// names the client that the issuer has, and its Secret says where to call.
import type { Problem, Subscription } from '@bulkhead/crds'
import type { KubeBody } from '@bulkhead/runtime'
import { secretBody } from '../../kubernetes/secrets.ts'
import { ownerOf } from '../../walls/owner.ts'
import { secretMetadata } from '../secret.ts'
import { baseUrlOf, issuerFor, judge } from '../wanted.ts'
import type { Surroundings, Verdict, Wanted } from '../wanted.ts'

export interface ExternalSurroundings extends Surroundings {
  /** Whether an older Subscription of the namespace names that client. */
  readonly isClientTaken: boolean
}

/** What such a subscription is to become. */
export interface WantedExternal extends Pick<Wanted, 'owner' | 'subscription' | 'secretName' | 'baseUrl' | 'verdict'> {
  readonly issuer: string
  readonly clientId: string | undefined
}

/** What it is to become, or undefined as long as its tenant has no issuer. */
export function wantExternalSubscription(
  subscription: Subscription,
  around: ExternalSurroundings,
): WantedExternal | undefined {
  const { tenant, toolSet } = around
  const { name, namespace, uid } = subscription.metadata
  const owner = tenant === undefined ? undefined : ownerOf(tenant.metadata)
  const issuer = namespace === undefined ? undefined : issuerFor(namespace, tenant)
  if (owner === undefined || issuer === undefined || namespace === undefined) return undefined
  const { clientID, secretName } = subscription.spec.credentials
  return {
    ...{ owner, issuer, secretName, subscription: { uid, name, namespace }, clientId: clientID },
    baseUrl: toolSet === undefined ? undefined : baseUrlOf(toolSet),
    verdict: judgeClient(clientID, around) ?? judge(subscription, around),
  }
}

function judgeClient(
  clientID: string | undefined,
  { isClientTaken }: Pick<ExternalSurroundings, 'isClientTaken'>,
): Verdict | undefined {
  const refuse = (reason: Problem['reason'], message: string): Verdict => ({
    kind: 'refused',
    problem: { reason, field: 'spec.credentials.clientID', message },
  })
  if (clientID === undefined) {
    return refuse('InvalidSpec', 'The tenant has its own issuer: name the client that the application has there')
  }
  return isClientTaken ? refuse('Conflict', `Client "${clientID}" has an older Subscription`) : undefined
}

/** The Secret that the application reads: what it needs besides the secret that its issuer gave it. */
export function externalSecret(wanted: WantedExternal): KubeBody {
  return secretBody(secretMetadata(wanted), {
    'client-id': wanted.clientId ?? '',
    issuer: wanted.issuer,
    'base-url': wanted.baseUrl ?? '',
  })
}
