import type { ClusterLoadAssignment } from '@bulkhead/envoy'
import type { Endpoint } from '../../model/model.ts'
import { platformClusters } from '../names.ts'
import { loadAssignment } from '../tenant/clusters.ts'

/** The Envoys of a fleet, for each to know its share of a local limit by; these addresses are counted, never dialled. */
export function translateMembers(members: readonly Endpoint[]): ClusterLoadAssignment {
  return loadAssignment(platformClusters.members, members)
}
