import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { opaBinary, policyFile, policyFolder } from './testing/live-opa.ts'

const capabilities = join(policyFolder, 'capabilities.json')

interface Ended {
  readonly code: number
  readonly output: string
}

function opa(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(opaBinary(), [...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr })
    })
  })
}

/** Compiles our policy with one more line in it. */
async function checkWith(line: string): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-policy-'))
  try {
    const file = join(folder, 'authz.rego')
    await writeFile(file, `${await readFile(policyFile, 'utf8')}\n${line}\n`)
    return await opa('check', '--strict', '--capabilities', capabilities, file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('the policy passes its own tests', async () => {
  const ended = await opa('test', policyFolder)
  expect(ended.output).toMatch(/^PASS: \d+\/\d+\n$/)
  expect(ended.code).toBe(0)
})

test('the policy compiles with the builtins that it may use', async () => {
  expect(await checkWith('harmless := true')).toEqual({ code: 0, output: '' })
})

test.each([
  'x := http.send({"method": "GET", "url": "http://127.0.0.1"})',
  'x := net.lookup_ip_addr("localhost")',
  'x := opa.runtime()',
  'x := io.jwt.decode("a.b.c")',
  'x := rego.metadata.rule()',
  'x if trace("x")',
  'x if is_number(1) with is_number as http.send',
  'x := regex.match("(a+)+$", "a")',
  'x := numbers.range(0, 1000000000)',
])('S-089 a policy that says %s does not compile', async (line) => {
  const ended = await checkWith(line)
  expect(ended.code).toBe(1)
  expect(ended.output).toMatch(/rego_type_error|rego_unsafe_var_error/)
})
