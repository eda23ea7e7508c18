import type { EncodedResource } from '@bulkhead/envoy'
import { Fleet } from '@bulkhead/xds'
import { lintResources } from '../lint.ts'

/** Throws when a resource breaks a rule. */
export function refuseFindings(resources: readonly EncodedResource[]): void {
  const findings = lintResources(resources)
  if (findings.length > 0) throw new Error(`Cannot publish what breaks a rule: ${JSON.stringify(findings)}`)
}

/** A fleet for tests, in whose snapshot nothing comes that breaks a rule. */
export function lintedFleet(): Fleet {
  const fleet = new Fleet()
  const { store } = fleet
  const publish = store.publish.bind(store)
  store.publish = (group, resources) => {
    refuseFindings(resources)
    publish(group, resources)
  }
  return fleet
}
