import { EventEmitter } from 'node:events'
import { ConfigProblem } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import { Refusal, exitCodes } from './command.ts'
import type { Call, Command } from './command.ts'
import { runCommandLine } from './run.ts'

const configText = JSON.stringify({
  postgres: { host: 'db', database: 'bulkhead', user: 'operator', passwordFile: '/p' },
  platform: { systemNamespace: 'bulkhead-system', baseDomain: 'gw.test' },
  keycloak: { url: 'http://k', publicUrl: 'http://k', clientId: 'bootstrap', clientSecretFile: '/s' },
})

async function runWith(argv: readonly string[], work: (call: Call) => Promise<void> = () => Promise.resolve()) {
  const command: Command = {
    words: 'tenant greet',
    operands: ['NAME'],
    flags: [
      { name: 'out', value: 'DIR', isNeeded: true, help: 'where to' },
      { name: 'loud', help: 'louder' },
    ],
    summary: 'Greets a tenant.',
    interrupted: 'it was greeted, or not',
    run: work,
  }
  const [out, errors]: [string[], string[]] = [[], []]
  const signals = Object.assign(new EventEmitter(), { exit: () => undefined })
  const code = await runCommandLine([command], {
    ...{ argv, signals, clock: new TestClock(), readFile: () => Promise.resolve(configText) },
    print: (text) => void out.push(text),
    printError: (text) => void errors.push(text),
  })
  return { code, out: out.join(''), errors: errors.join(''), signals }
}

const good = ['tenant', 'greet', 'acme', '--out', 'x', '--config', 'c.yaml']

test("a command gets its operands, its flags and the operator's own configuration", async () => {
  const { code, out } = await runWith([...good, '--loud'], (call) => {
    call.print(`${call.operand('NAME')} ${call.value('out')} ${call.isSet('loud')} ${call.config.postgres.host}`)
    return Promise.resolve()
  })
  expect([code, out]).toEqual([exitCodes.done, 'acme x true db\n'])
})

test.each([
  ['an unknown command', ['tenant', 'shout'], 'Unknown command "tenant shout": there are "tenant greet"'],
  ['an unknown flag', [...good, '--quiet'], "Unknown option '--quiet'"],
  ['a missing flag', ['tenant', 'greet', 'acme', '--config', 'c'], 'Missing flag "--out"'],
  ['an empty flag', ['tenant', 'greet', 'acme', '--out', '', '--config', 'c'], 'Empty flag "--out"'],
  ['a flag before the command', ['--config', 'c', ...good], 'Cannot use "--config" here: the command comes first'],
  ['a missing operand', ['tenant', 'greet', '--out', 'x', '--config', 'c'], 'Cannot use 0 operands: want NAME'],
  ['an operand too many', [...good, 'globex'], 'Cannot use 2 operands'],
])('%s ends with exit code 2 and says how it is called', async (_title, argv, words) => {
  const { code, errors } = await runWith(argv)
  expect(code).toBe(exitCodes.usage)
  expect(errors).toContain(words)
})

test.each([
  ['a refusal', () => new Refusal('Cannot greet: no'), exitCodes.refused, 'Cannot greet: no\n'],
  ['a wrong option', () => new ConfigProblem('Cannot use option'), exitCodes.usage, 'Cannot use option\n'],
  ['a fault', () => new Error('a', { cause: new Error('b') }), exitCodes.fault, 'bulkhead ended with a fault: a: b\n'],
  [
    'a fault of several addresses',
    () => new Error('a', { cause: new AggregateError([new Error('b'), new Error('c')]) }),
    exitCodes.fault,
    'bulkhead ended with a fault: a: b, c\n',
  ],
])('%s has an exit code of its own', async (_title, make, code, errors) => {
  expect(await runWith(good, () => Promise.reject(make()))).toMatchObject({ code, errors })
})

test('help of all and of one is printed without a configuration', async () => {
  expect(await runWith(['--help'])).toMatchObject({ code: 0 })
  expect((await runWith([])).out).toContain('tenant greet  Greets a tenant.')
  const { out } = await runWith(['tenant', 'greet', '--help'])
  expect(out).toContain('Usage: bulkhead tenant greet NAME --out DIR [--loud] --config FILE')
  expect((await runWith(['--version'])).out).toBe('bulkhead 0.1.0\n')
})

test('a fault after Ctrl-C is no fault, and what it leaves is what the command says', async () => {
  const errors: string[] = []
  const signals = Object.assign(new EventEmitter(), { exit: () => undefined })
  const command: Command = {
    ...{ words: 'wait', operands: [], flags: [], summary: '', interrupted: 'half of it may be waited for' },
    run: (call) => {
      signals.emit('SIGINT')
      call.signal.throwIfAborted()
      return Promise.resolve()
    },
  }
  const code = await runCommandLine([command], {
    ...{ argv: ['wait', '--config', 'c'], signals, readFile: () => Promise.resolve(configText) },
    ...{ print: () => undefined, printError: (text) => void errors.push(text), clock: new TestClock() },
  })
  expect([code, errors]).toEqual([exitCodes.interrupted, ['Interrupted: half of it may be waited for\n']])
})
