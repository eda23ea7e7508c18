import { expect, test } from 'vitest'
import { customResourceDefinitions } from '../crd.ts'
import { plainTexts, reaches, references, referencesOf } from './references.ts'
import { textFields } from './text-fields.ts'

const fields = customResourceDefinitions().flatMap(textFields)

test('every field that holds text is told to name something or nothing, and nothing else is told', () => {
  const told = [...Object.keys(references), ...plainTexts]
  expect(told.toSorted(), 'crds/src/references/references.ts').toEqual(fields.toSorted())
})

test('a new reference would be seen, wherever it stands', () => {
  const text = { type: 'string' }
  const ref = { type: 'object', properties: { name: text, namespace: text, kind: { type: 'string', enum: ['A'] } } }
  const spec = {
    type: 'object',
    properties: { list: { type: 'array', items: ref }, map: { additionalProperties: ref } },
  }
  const names = { kind: 'New' }
  const versions = [{ schema: { openAPIV3Schema: { properties: { spec } } } }]
  expect(textFields({ spec: { names, versions } })).toEqual([
    ...['New.spec.list[].name', 'New.spec.list[].namespace'],
    ...['New.spec.map{key}', 'New.spec.map{}.name', 'New.spec.map{}.namespace'],
  ])
})

test("S-157 no field of a tenant's own kinds names a namespace", () => {
  const own = Object.entries(references).filter(([field]) => !field.startsWith('Tenant.'))
  expect(own.filter(([field]) => /namespace|tenant/i.test(field.slice(field.indexOf('.'))))).toEqual([])
  expect(own.filter(([, { reach }]) => reach === 'platform')).toEqual([])
})

test('every reference has somebody who proves it', () => {
  const proven = new Set([...referencesOf('xds-server'), ...referencesOf('operator'), ...referencesOf('rbac')])
  expect([...proven].toSorted()).toEqual(Object.keys(references).toSorted())
  expect(Object.keys(reaches)).toEqual(expect.arrayContaining(Object.values(references).map(({ reach }) => reach)))
})
