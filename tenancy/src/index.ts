export type { TenantId, TenantKey, TenantName } from './names.ts'
export {
  audienceOf,
  issuerOf,
  namespaceOf,
  parseTenantId,
  parseTenantName,
  realmOf,
  roleOf,
  schemaOf,
  subscriptionClientId,
  tenantId,
  tenantLabel,
  tenantOfIssuer,
  tenantOfNamespace,
} from './names.ts'
export { clusterName, groupOf, routeName, routesName } from './envoy-names.ts'
export type { Host } from './hosts.ts'
export { canonicalHost, isUnderBaseDomain, tenantHost } from './hosts.ts'
export {
  beyondGuaranteeHeader,
  ownHeaders,
  reservedHeaders,
  serverNameHeader,
  subscriptionHeader,
  tenantHeader,
} from './headers.ts'
export {
  apiGroup,
  managedByLabel,
  ownerLabels,
  tenantIdLabel,
  tenantNameLabel,
  tenantUidLabel,
  subscriptionUidLabel,
} from './labels.ts'
export { databaseSecretOf, realmSecretOf, retainedSchemaOf } from './secret-names.ts'
