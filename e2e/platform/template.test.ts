import { expect, test } from 'vitest'
import { fillTemplate } from './template.ts'

test('a placeholder is filled wherever it stands, and digits become a number', () => {
  const template = { address: '${HOST}', port: '${PORT}', list: [{ path: 'unix://${HOST}/x' }], kept: true, zero: 0 }
  expect(fillTemplate(template, { HOST: 'h', PORT: '80' })).toEqual({
    address: 'h',
    port: 80,
    list: [{ path: 'unix://h/x' }],
    kept: true,
    zero: 0,
  })
})

test('a value with the look of YAML stays one text', () => {
  expect(fillTemplate({ path: '${PATH}' }, { PATH: 'a: {b: c}\nd' })).toEqual({ path: 'a: {b: c}\nd' })
})

test('a placeholder that nobody fills is named', () => {
  expect(() => fillTemplate('${NODE_ID}', {})).toThrow('NODE_ID')
})
