import type { Metrics } from '@bulkhead/runtime'

/** What the control plane counts; label sets are bounded by the number of tenants. */
export type Meters = ReturnType<typeof createMeters>

/** Forgets a tenant that is gone, so that its figures are no longer exported. */
export function forgetTenant({ published, faults, rejected }: Meters, tenant: string): void {
  for (const meter of [published, faults, rejected]) meter.remove({ tenant_id: tenant })
}

/** Makes the meters of one control plane. */
export function createMeters(metrics: Metrics) {
  const tenantLabel = ['tenant_id']
  return {
    rebuilt: metrics.counter({
      name: 'bulkhead_tenants_rebuilt_total',
      help: 'How often one tenant was built from its objects',
    }),
    rebuildSeconds: metrics.histogram({
      name: 'bulkhead_tenant_rebuild_seconds',
      help: 'How long building and publishing one tenant took',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    }),
    published: metrics.counter({
      name: 'bulkhead_publications_total',
      help: 'How often something new was published for a tenant',
      labels: tenantLabel,
    }),
    faults: metrics.counter({
      name: 'bulkhead_tenant_faults_total',
      help: 'How often a tenant could not be built or published, so that its last good state stayed',
      labels: tenantLabel,
    }),
    rejected: metrics.counter({
      name: 'bulkhead_envoy_rejections_total',
      help: 'How often a publication of a tenant was refused by an Envoy',
      labels: tenantLabel,
    }),
    platformRefused: metrics.gauge({
      name: 'bulkhead_platform_refusing_envoys',
      help: "Envoys that refuse what is of the platform itself, by group: the fleet's own, or the host of an identity provider",
      labels: ['group'],
    }),
    passedOver: metrics.counter({
      name: 'bulkhead_canary_passed_over_total',
      help: 'How often an Envoy that gets changes first did not answer in time, so that the next took its place',
    }),
    silentEnvoys: metrics.gauge({
      name: 'bulkhead_envoys_silent',
      help: 'Envoys that were passed over as the first to get a change and have not caught up since',
    }),
    propagationSeconds: metrics.histogram({
      name: 'bulkhead_propagation_seconds',
      help: 'From the first change seen until every Envoy and every policy agent has it',
      buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    }),
    tenants: metrics.gauge({ name: 'bulkhead_tenants_published', help: 'Tenants with a publication' }),
    envoys: metrics.gauge({ name: 'bulkhead_envoys_connected', help: 'Envoys with a configuration stream' }),
    opas: metrics.gauge({ name: 'bulkhead_opas_connected', help: 'Policy agents that ask for bundles' }),
    statusWrites: metrics.counter({
      name: 'bulkhead_status_writes_total',
      help: 'Status writes by kind',
      labels: ['kind'],
    }),
  }
}
