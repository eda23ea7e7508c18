import type { Part } from '../part.ts'
import type { Site } from '../site.ts'
import type { Unprivileged } from '../unprivileged.ts'
import { backendsPart } from './backends.ts'
import { operatorPart, xdsServerPart } from './control-plane.ts'
import { envoyPart } from './envoy.ts'
import { etcdPart } from './etcd.ts'
import { keycloakPart } from './keycloak.ts'
import { kubeApiserverPart, kubeControllerManagerPart } from './kubernetes.ts'
import { ratelimitPart, redisPart } from './limits.ts'
import { opaPart } from './opa.ts'
import { postgresPart } from './postgres.ts'

/** Every part of the platform; `template` gives the folder of a prepared database, when there is one. */
export function allParts(
  site: Site,
  unprivileged: Unprivileged,
  template: () => Promise<string | undefined>,
): readonly Part[] {
  return [
    postgresPart(site, unprivileged, template),
    etcdPart(site),
    kubeApiserverPart(site),
    kubeControllerManagerPart(site),
    keycloakPart(site),
    redisPart(site),
    ratelimitPart(site),
    operatorPart(site),
    xdsServerPart(site),
    opaPart(site, 0),
    opaPart(site, 1),
    envoyPart(site, 0),
    envoyPart(site, 1),
    backendsPart(site),
  ]
}
