import { Agent, request } from 'undici'

/** Where and how a probe asks. */
export interface Target {
  readonly url: string
  /** Ask through this Unix socket; the URL's host is then only a name. */
  readonly socketPath?: string
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string }
}

/** One answer, read whole. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** Asks once over a connection of its own; throws with the URL when nothing answers. */
export async function ask(target: Target, signal: AbortSignal): Promise<Answer> {
  const socket = target.socketPath === undefined ? {} : { socketPath: target.socketPath }
  const agent = new Agent({ connect: { ...socket, ...target.tls }, pipelining: 0 })
  try {
    const response = await request(target.url, { dispatcher: agent, signal })
    return { status: response.statusCode, text: await response.body.text() }
  } catch (cause) {
    throw new Error(`${target.url} does not answer: ${reasonOf(cause)}`, { cause })
  } finally {
    await agent.destroy()
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}

/** Resolves when the answer is 200; throws with what was answered when not. */
export async function expectOk(target: Target, signal: AbortSignal): Promise<void> {
  const answer = await ask(target, signal)
  if (answer.status !== 200) {
    throw new Error(
      `${target.url} answered ${answer.status}: ${answer.text.trim().replaceAll(/\s+/g, ' ').slice(0, 160)}`,
    )
  }
}
