// Clients of a real Envoy: one that only shakes hands, and one that keeps its connection.
import { X509Certificate } from 'node:crypto'
import { Agent, request } from 'node:https'
import { connect } from 'node:tls'
import type { Issued } from './issue.ts'

/** What a client sees of a certificate. */
export function fingerprint({ cert }: Issued): string {
  return new X509Certificate(cert).fingerprint256
}

/** Shakes hands by a server name; gives the fingerprint of what was shown, or the code of the error. */
export function handshake(port: number, servername: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    const name = servername === undefined ? {} : { servername }
    // The certificates vouch for themselves; which one it is, is what is looked at.
    const socket = connect({ host: '127.0.0.1', port, ...name, rejectUnauthorized: false })
    socket.once('secureConnect', () => {
      const { fingerprint256 } = socket.getPeerCertificate()
      socket.destroy()
      resolve(fingerprint256)
    })
    socket.on('error', (error: Error & { readonly code?: string }) => resolve(error.code ?? error.message))
  })
}

/** One connection, kept for as long as both sides let it. */
export interface KeptConnection {
  /** Sends a request; gives the status, and the port of the connection on our side, which a new one would change. */
  ask(): Promise<string>
  close(): void
}

/** A client that reuses its connection to a host. */
export function keptConnection(port: number, servername: string): KeptConnection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, servername, agent, path: '/pets', headers: { host: servername } }
        const sent = request(options, (response) => {
          const { localPort } = response.socket
          response.resume()
          response.on('end', () => resolve(`${response.statusCode ?? 0} on ${localPort ?? 0}`))
        })
        sent.on('error', reject)
        sent.end()
      }),
    close: () => agent.destroy(),
  }
}
