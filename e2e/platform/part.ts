// What a part of the platform is: one real process with the parts it waits for, its files, its command line and the
// probe that says it is ready. The list of parts is data; `supervisor.ts` is what gives it life.

/** Every part of the local platform, in the order in which they are shown. */
export const partNames = [
  'postgres',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'keycloak',
  'redis',
  'ratelimit',
  'operator',
  'xds-server',
  'opa-0',
  'opa-1',
  'envoy-0',
  'envoy-1',
  'backends',
] as const

/** The name of one part. */
export type PartName = (typeof partNames)[number]

/** The parts that a request passes: when the cores are scarce, they come before all others. */
export const hotPath: readonly PartName[] = ['redis', 'ratelimit', 'opa-0', 'opa-1', 'envoy-0', 'envoy-1', 'backends']

/** True when the text names a part. */
export function isPartName(text: string): text is PartName {
  return partNames.some((name) => name === text)
}

/** How a part's process is started; secrets travel by file or environment, never by argument. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly user?: { readonly uid: number; readonly gid: number }
}

/** One real process of the platform. */
export interface Part {
  readonly name: PartName
  readonly version: string
  /** Shown by `status`; a part without a port listens on a Unix socket only. */
  readonly port: number | undefined
  /** These are ready before this part is started by `up`; a restart of one part does not look at them. */
  readonly needs: readonly PartName[]
  readonly readyTimeoutMs: number
  readonly stop: { readonly signal: 'SIGTERM' | 'SIGINT'; readonly graceMs: number }
  /** Writes the part's files; runs before every start. */
  prepare(signal: AbortSignal): Promise<void>
  command(): Command
  /** One look: resolves when ready, throws with what is missing when not. */
  probe(signal: AbortSignal): Promise<void>
  /** What others rely on beyond readiness (databases, CRDs, accounts); idempotent, runs after every start. */
  settle(signal: AbortSignal): Promise<void>
}
