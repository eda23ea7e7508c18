// What tests of other rooms need from here: a real Keycloak, and a double of it that is there at once.
export { realisticLatency } from './double/call.ts'
export type { CallLog, DoubleCall, Latency, LoggedCall, Verdict } from './double/call.ts'
export { startKeycloakDouble } from './double/double.ts'
export type { DoubleOptions, KeycloakDouble } from './double/double.ts'
export { startTestKeycloak } from './keycloak.ts'
export type { TestKeycloak } from './keycloak.ts'
export { answerJson, startTestIssuer } from './issuer.ts'
export type { Answer, TestIssuer } from './issuer.ts'
