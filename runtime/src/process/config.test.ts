import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { runProgram } from './run-main.ts'
import type { Main } from './run-main.ts'

const schema = z.strictObject({
  http: z.strictObject({ host: z.string(), port: z.number().int().min(1).max(65_535) }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  passwordFile: z.string(),
  clientSecret: z.number().optional(),
  edges: z.array(z.strictObject({ certFile: z.string() })).default([]),
})
const program = { name: 'tester', version: '1.2.3', description: 'Tests things', schema }
const good = 'http: {host: 127.0.0.1, port: 80}\npasswordFile: /p\n'

class Signals extends EventEmitter {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
}

async function run(argv: readonly string[], text = good, main: Main<z.infer<typeof schema>> = () => Promise.resolve()) {
  let out = ''
  let err = ''
  const signals = new Signals()
  const code = await runProgram(program, main, {
    argv,
    readFile: (path) => (path === 'f' ? Promise.resolve(text) : Promise.reject(new Error('ENOENT: no such file'))),
    print: (words) => void (out += words),
    printError: (words) => void (err += words),
    signals,
  })
  return { code, out, err, signals }
}

test('a good file reaches main with its defaults, as YAML and as JSON', async () => {
  for (const text of [good, '{"http": {"host": "127.0.0.1", "port": 80}, "passwordFile": "/p"}']) {
    let seen: unknown
    const { code } = await run(['--config', 'f'], text, (config) => {
      seen = config
      return Promise.resolve()
    })
    expect(code).toBe(0)
    expect(seen).toEqual({ http: { host: '127.0.0.1', port: 80 }, logLevel: 'info', passwordFile: '/p', edges: [] })
  }
})

test('all problems are named at once: option, value and what is allowed', async () => {
  const text = 'http: {host: 5, port: 70000, tls: true}\nlogLevel: loud\nedges: [{certFile: a, keyfile: b}]\n'
  const { code, err } = await run(['--config=f'], text)
  expect(code).toBe(2)
  expect(err.split('\n').slice(1, -1)).toEqual([
    '  - option "http.host" is 5: Invalid input: expected string, received number',
    '  - option "http.port" is 70000: Too big: expected number to be <=65535',
    '  - unknown option "http.tls": allowed here are host, port',
    '  - option "logLevel" is "loud": Invalid option: expected one of "debug"|"info"|"warn"|"error"',
    '  - option "passwordFile" is missing: Invalid input: expected string, received undefined',
    '  - unknown option "edges[0].keyfile": allowed here are certFile',
  ])
})

test.each([
  ['under a secret name', 'clientSecret: hunter2\n'],
  ['under an unknown name', 'password: hunter2\n'],
  ['in a file that is no YAML', 'password: "hunter2\n  x: [}\n'],
  ['where an object belongs', 'http: [hunter2]\n'],
])('a secret that was written %s is not printed', async (_title, text) => {
  const { code, err } = await run(['--config', 'f'], `${good}${text}`.replace(text.startsWith('http') ? good : '', ''))
  expect(code).toBe(2)
  expect(err).not.toContain('hunter2')
})

test.each([
  ['an unknown flag', ['--config', 'f', '--verbose'], 'Unknown flag "--verbose": allowed are --config FILE'],
  ['a short flag', ['-c', 'f'], 'Unknown flag "-c"'],
  ['an argument', ['f'], 'Unexpected argument "f"'],
  ['no flag at all', [], 'Missing flag "--config"'],
  ['a flag without its file', ['--config'], 'Missing flag "--config"'],
  ['a file that is not there', ['--config', 'g'], 'Cannot read the file "g" of flag "--config": ENOENT'],
])('%s ends with exit code 2 and says what is allowed', async (_title, argv, words) => {
  const { code, err } = await run(argv)
  expect(code).toBe(2)
  expect(err).toContain(words)
})

test.each(['a-password', '["a-password"]'])('of a file of something else nothing is shown: %s', async (text) => {
  const { code, err } = await run(['--config', 'f'], text)
  expect([code, err]).toEqual([2, 'tester cannot start with "f":\n  - the file holds no options at all\n'])
})

test('an empty file is a file without options', async () => {
  expect((await run(['--config', 'f'], '')).err).toContain('option "http" is missing')
})

test('--help and --version answer on standard output', async () => {
  expect((await run(['--help'])).out).toContain('--config FILE')
  expect(await run(['--version'])).toMatchObject({ code: 0, out: 'tester 1.2.3\n' })
})

test('a fault in main ends with exit code 1 and the whole chain of causes', async () => {
  const fault = new Error('Cannot listen on :80', { cause: new Error('EACCES') })
  const { code, err } = await run(['--config', 'f'], good, () => Promise.reject(fault))
  expect(code).toBe(1)
  expect(err).toBe('tester ended with a fault: Cannot listen on :80: EACCES\n')
})
