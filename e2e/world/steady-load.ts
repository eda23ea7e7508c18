import type { Clock } from '@bulkhead/runtime'
import type { GatewayAnswer } from '../client/gateway-client.ts'

/** Requests sent one after the other until told to stop. */
export interface SteadyLoad {
  /** Resolves when this many more requests have been sent and have ended. */
  pass(count: number): Promise<void>
  /** Ends the load and says what came back. */
  stop(): Promise<{ readonly sent: number; readonly failures: readonly string[] }>
}

interface Waiting {
  readonly at: number
  readonly resolve: () => void
}

/** Keeps sending; whatever is not 200, or no answer at all, is a failure. */
export function startSteadyLoad(
  send: () => Promise<GatewayAnswer>,
  { clock, pauseMs }: { readonly clock: Clock; readonly pauseMs: number },
): SteadyLoad {
  const failures: string[] = []
  let waiting: readonly Waiting[] = []
  let sent = 0
  let isStopped = false
  const loop = async (): Promise<void> => {
    while (!isStopped) {
      const answer = await send().catch((error: unknown) => String(error))
      sent += 1
      if (typeof answer === 'string') failures.push(answer)
      else if (answer.status !== 200) failures.push(`${answer.status} ${answer.body.slice(0, 200)}`)
      for (const { resolve } of waiting.filter(({ at }) => at <= sent)) resolve()
      waiting = waiting.filter(({ at }) => at > sent)
      await clock.sleep(pauseMs)
    }
  }
  const running = loop()
  return {
    pass: (count) =>
      new Promise((resolve) => {
        waiting = [...waiting, { at: sent + count, resolve }]
      }),
    stop: async () => {
      isStopped = true
      await running
      return { sent, failures }
    },
  }
}
