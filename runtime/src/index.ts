// What every process of ours needs, and nothing that knows of tenants or Envoy: configuration, logs, metrics, time,
// the Kubernetes API, list and watch, the work queue, health, and the life of a process.
export { Secret } from './secret.ts'
export { createLogger, silentLogger } from './logger.ts'
export type { LogFields, LogLevel, Logger, LoggerOptions } from './logger.ts'
export { systemClock, timestamp } from './clock.ts'
export type { Clock, SteadyClock } from './clock.ts'
export { pause } from './pause.ts'
export { backoffMs } from './backoff.ts'
export type { Backoff } from './backoff.ts'
export { createMetrics } from './metrics.ts'
export type {
  CounterMetric,
  GaugeMetric,
  HistogramMetric,
  HistogramSpec,
  Labels,
  MetricSpec,
  Metrics,
  MetricsOptions,
  MetricsRegistry,
} from './metrics.ts'

export { addressRanges, isCidr, isIpv4Literal, publicAddresses } from './net/address-ranges.ts'
export type { AddressRanges } from './net/address-ranges.ts'

export { apiVersionOf, collectionPath, keyOf, objectPath } from './kubernetes/kind.ts'
export type { KubeKind, KubeMetadata, KubeObject, KubeRef, OwnerReference } from './kubernetes/kind.ts'
export type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  JsonPatchOperation,
  KubeBody,
  KubeClient,
  KubeListPage,
  KubePatch,
  ListOptions,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './kubernetes/kube-client.ts'
export { isKubeObject } from './kubernetes/answers.ts'
export { createKubeClient } from './kubernetes/client.ts'
export type { KubeClientOptions } from './kubernetes/client.ts'
export type { KubeClientLimits } from './kubernetes/call.ts'
export type { KubeAccess } from './kubernetes/kubeconfig.ts'
export {
  KubeFault,
  TransportFault,
  fullQuota,
  isAlreadyExists,
  isConflict,
  isExpired,
  isForbidden,
  isInvalid,
  isNotFound,
} from './kubernetes/fault.ts'
export type { TransportProblem } from './kubernetes/fault.ts'

export { superviseListWatch } from './list-watch/supervise-list-watch.ts'
export type { IndexFunction, Store } from './list-watch/store.ts'
export type { Change, ListWatch, ListWatchOptions, ListWatchTuning, Parsed } from './list-watch/types.ts'

export { createKeyedQueue } from './queue/keyed-queue.ts'
export type { KeyedQueue, KeyedQueueOptions, ReconcileResult } from './queue/types.ts'

export { createElection } from './leader/election.ts'
export { leaseKind } from './leader/lease.ts'
export { LostLeadership } from './leader/lost-leadership.ts'
export type { Election, ElectionOptions, LeaderTimings, Term } from './leader/types.ts'

export { ConfigProblem, loadConfig } from './process/config.ts'
export type { ConfigInput, Program } from './process/config.ts'
export { openKubeClient, readSecretFile, useOption } from './process/option.ts'
export type { Option } from './process/option.ts'
export { nodeFlags } from './process/node-flags.ts'
export { runMain, runProgram } from './process/run-main.ts'
export type { Main, Surroundings } from './process/run-main.ts'
export { createHttpServer } from './process/http-server.ts'
export type {
  HttpAnswer,
  HttpRequest,
  HttpRoute,
  HttpServer,
  HttpServerOptions,
  ServerTls,
} from './process/http-server.ts'
export { healthRoutes } from './process/health.ts'
export type { ReadinessCheck } from './process/health.ts'
export { urisOfCertificate } from './process/peer-uris.ts'
export { supervise } from './process/supervise.ts'
export type { SuperviseOptions } from './process/supervise.ts'
export { onShutdown } from './process/shutdown.ts'
export type { SignalSource } from './process/shutdown.ts'
export { certificatePair, watchFiles } from './process/watch-files.ts'
export type { WatchFilesOptions, WatchedFiles } from './process/watch-files.ts'
