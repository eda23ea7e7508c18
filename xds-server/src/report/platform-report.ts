import type { Logger } from '@bulkhead/runtime'
import type { AcknowledgementChange, Fleet } from '@bulkhead/xds'
import type { Meters } from '../control/meters.ts'

export interface PlatformReportOptions {
  readonly fleet: Pick<Fleet, 'programmed' | 'silent'>
  readonly logger: Logger
  readonly meters: Pick<Meters, 'platformRefused' | 'passedOver' | 'silentEnvoys'>
}

/** Who gets changes first is another now. */
export type Turn = Extract<AcknowledgementChange, { readonly kind: 'passed over' | 'caught up' }>

/** Tells of what is the platform's own: refusals of it, and Envoys that do not answer. No object's status could. */
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
    this.#countSilent()
  }

  /** Tells who gets changes first, when an Envoy did not answer or answers again. */
  tellTurn(turn: Turn): void {
    const { logger, meters } = this.#options
    this.#countSilent()
    if (turn.kind === 'caught up') {
      logger.info({ envoy: turn.stream.nodeId }, 'an Envoy answers again and may get changes first')
      return
    }
    meters.passedOver.add()
    const { silent, next } = turn
    const fields = { envoy: silent.nodeId, isCanary: silent.isCanary, next: next.nodeId }
    logger.warn(fields, 'an Envoy that gets changes first does not answer, the next takes its place')
  }

  #countSilent(): void {
    this.#options.meters.silentEnvoys.set(this.#options.fleet.silent.length)
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
