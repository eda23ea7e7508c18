import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'
import { Secret } from './secret.ts'

const secret = new Secret('hunter2')

test.each([
  ['JSON', JSON.stringify({ deep: [{ secret }] })],
  ['inspect', inspect({ deep: [{ secret }] }, { depth: 9, showHidden: true })],
  ['a template', String(secret)],
  ['concatenation', ''.concat(secret as unknown as string)],
  ['an error message', new Error(String(secret)).stack ?? ''],
  ['its own keys', JSON.stringify(Object.entries(secret))],
])('a secret does not show in %s', (_title, text) => expect(text).not.toContain('hunter2'))

test('a secret shows itself when asked', () => expect(secret.reveal()).toBe('hunter2'))

test('a log line shows [redacted] wherever a secret stands, also inside an error', () => {
  const lines: string[] = []
  const log = createLogger({ name: 't', level: 'debug', destination: { write: (line) => lines.push(line) } })
  const fault = Object.assign(new Error('login failed', { cause: new Error('503') }), { password: secret })
  log.child({ token: secret }).info({ config: { list: [secret] }, err: fault, tenant: 'acme' }, 'constant message')
  expect(lines.join('')).not.toContain('hunter2')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    name: 't',
    msg: 'constant message',
    tenant: 'acme',
    token: '[redacted]',
    config: { list: ['[redacted]'] },
    err: { message: 'login failed', cause: { message: '503' } },
  })
})
