// Serves snapshots over gRPC: mutual TLS, identities, limits, and streams that no slow reader can hold up.
export type { CertificateFiles } from './certificates.ts'
export type { Identity, IdentityOf } from './identity.ts'
export { memberOfFleet } from './identity.ts'
export { DEFAULT_LIMITS } from './limits.ts'
export type { Limits } from './limits.ts'
export { listen, serveStreams, startXdsServer } from './server.ts'
export { Streams } from './streams.ts'
export type { XdsServer, XdsServerOptions } from './server.ts'
