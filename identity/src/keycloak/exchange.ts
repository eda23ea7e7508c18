import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

/** A request, and how long and how much of an answer is waited for. */
export interface Exchange {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly signal: AbortSignal
}

export interface Exchanged {
  readonly status: number
  readonly text: string
  readonly contentType: string | undefined
  readonly location: string | undefined
}

// What stands idle longer may be closed on the other side in the moment that we use it.
const idleMs = 4000
const agents = {
  http: new HttpAgent({ keepAlive: true, timeout: idleMs }),
  https: new HttpsAgent({ keepAlive: true, timeout: idleMs }),
}

/**
 * Sends one request and reads the whole answer; follows no redirect. By Node's own client and with one timer: `fetch` and
 * its signals cost several times as much, and every look at a tenant makes a dozen calls.
 */
export function exchange({ url, method, headers, body, timeoutMs, maxBytes, signal }: Exchange): Promise<Exchanged> {
  const [start, agent] = url.startsWith('https:') ? [httpsRequest, agents.https] : [httpRequest, agents.http]
  return new Promise((resolve, reject) => {
    // Told by name, for Node tells no length of a DELETE's body, and nobody reads it then.
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const outgoing = start(url, { method, headers: { ...headers, ...length }, agent })
    const give = (): void => void outgoing.destroy(new Error('given up', { cause: signal.reason }))
    const late = (): void => void outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`))
    const timer = setTimeout(late, timeoutMs)
    signal.addEventListener('abort', give, { once: true })
    outgoing.once('close', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', give)
    })
    outgoing.on('error', reject)
    outgoing.once('response', (answer) => {
      readAll(answer, maxBytes)
        .then((text) => resolve(exchangedOf(answer, text)))
        .catch(reject)
    })
    outgoing.end(body)
  })
}

function exchangedOf({ statusCode: status = 0, headers }: IncomingMessage, text: string): Exchanged {
  if (status >= 300 && status < 400) throw new Error(`the answer ${status} leads elsewhere`)
  return { status, text, contentType: headers['content-type'], location: headers.location }
}

function readAll(answer: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    answer.on('data', (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size > maxBytes) answer.destroy(new Error(`the answer is longer than ${maxBytes} bytes`))
    })
    answer.on('error', reject)
    answer.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}
