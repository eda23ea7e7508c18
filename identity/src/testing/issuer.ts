import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ServerResponse } from 'node:http'
import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import type { CertificateRequest, TestCertificate } from '@bulkhead/runtime/testing-certificates'

/** What a test issuer answers with; an answer may also stay away. */
export type Answer = (response: ServerResponse) => void

/** An HTTPS server of the test's own, for keys and for whatever a hostile issuer would say. */
export interface TestIssuer {
  /** `https://127.0.0.1:<port>`. */
  readonly url: string
  readonly port: number
  /** What has to be trusted to believe its certificate; empty when it was given one. */
  readonly caCert: string
  /** The requests that came, as `GET /path`, with their Host. */
  readonly seen: readonly string[]
  /** Connections that are open now. */
  openConnections(): number
  answer(next: Answer): void
  stop(): Promise<void>
}

const names: NonNullable<CertificateRequest['names']> = [
  { type: 'ip', value: '127.0.0.1' },
  { type: 'dns', value: 'issuer.test' },
]

/** Starts one, with a certificate that is given or of an authority of its own; it answers 404 until told what else. */
export async function startTestIssuer(given?: TestCertificate): Promise<TestIssuer> {
  const { caCert, cert, key } = given === undefined ? await ownCertificate() : { caCert: '', ...given }
  const seen: string[] = []
  let current: Answer = (response) => response.writeHead(404).end()
  const server = createServer({ cert, key }, (request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.host ?? ''}`)
    current(response)
  })
  const sockets = new Set<unknown>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ url: `https://127.0.0.1:${port}`, port, caCert, seen },
    openConnections: () => sockets.size,
    answer: (next) => {
      current = next
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function ownCertificate() {
  const authority = await createTestAuthority()
  return { caCert: authority.caCert, ...(await authority.issue({ commonName: 'issuer', names })) }
}

/** Answers with JSON. */
export function answerJson(body: unknown): Answer {
  return (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
