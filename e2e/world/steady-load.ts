import type { GatewayAnswer } from '../client/gateway-client.ts'

/** Requests sent one after the other until told to stop. */
export interface SteadyLoad {
  /** Ends the load and says what came back. */
  stop(): Promise<{ readonly sent: number; readonly failures: readonly string[] }>
}

/** Keeps sending; whatever is not 200, or no answer at all, is a failure. Stops by itself after `maxMs`. */
export function startSteadyLoad(
  send: () => Promise<GatewayAnswer>,
  options: { pauseMs: number; maxMs: number },
): SteadyLoad {
  const failures: string[] = []
  const endMs = Date.now() + options.maxMs
  let sent = 0
  let isStopped = false
  const loop = async (): Promise<void> => {
    while (!isStopped && Date.now() < endMs) {
      sent += 1
      const answer = await send().catch((error: unknown) => String(error))
      if (typeof answer === 'string') failures.push(answer)
      else if (answer.status !== 200) failures.push(`${answer.status} ${answer.body.slice(0, 200)}`)
      await new Promise((resolve) => setTimeout(resolve, options.pauseMs))
    }
  }
  const running = loop()
  return {
    stop: async () => {
      isStopped = true
      await running
      return { sent, failures }
    },
  }
}
