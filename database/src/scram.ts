import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import type { Secret } from '@bulkhead/runtime'

const iterations = 4096

/** The SCRAM-SHA-256 verifier of a password: what goes over the wire and into the server's log instead of it. */
export function scramVerifier(password: Secret<string>, salt: Buffer): string {
  const salted = pbkdf2Sync(password.reveal(), salt, iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest('base64')
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
