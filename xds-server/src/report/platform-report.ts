import type { Logger } from '@bulkhead/runtime'
import type { Fleet } from '@bulkhead/xds'
import type { Meters } from '../control/meters.ts'

export interface PlatformReportOptions {
  readonly fleet: Pick<Fleet, 'programmed'>
  readonly logger: Logger
  readonly meters: Pick<Meters, 'platformRefused'>
}

/** Tells of refusals of what is the platform's own: no object's status could. */
export class PlatformReport {
  readonly #options: PlatformReportOptions
  /** What was told last of each group that is refused. */
  readonly #words = new Map<string, string>()

  constructor(options: PlatformReportOptions) {
    this.#options = options
  }

  /** Looks again at what was refused: an Envoy that goes away refuses nothing any more. */
  reportAgain(): void {
    for (const group of [...this.#words.keys()]) this.report(group)
  }

  /** Looks at one group of the platform's own; each refusal is a line in the log, and each recovery. */
  report(group: string): void {
    const { fleet, logger, meters } = this.#options
    const { nacked } = fleet.programmed(group)
    const [first] = nacked
    const before = this.#words.get(group)
    if (first === undefined && before === undefined) return
    meters.platformRefused.set(nacked.length, { group })
    if (first === undefined) {
      this.#words.delete(group)
      logger.info({ group }, 'every Envoy takes what is of the platform again')
      return
    }
    this.#words.set(group, first.message)
    if (first.message === before) return
    const { message: words, nodeId: envoy, resourceNames: resources } = first
    logger.error(
      { group, envoy, resources, words },
      'an Envoy refused what is of the platform, its last good state stays',
    )
  }
}
