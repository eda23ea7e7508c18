// What tests of other rooms need from here: a real Keycloak.
export { startTestKeycloak } from './keycloak.ts'
export type { TestKeycloak } from './keycloak.ts'
