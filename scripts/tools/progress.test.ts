import { expect, test } from 'vitest'
import { durationText, progressLine, sizeText } from './progress.ts'

test.each([
  [0, '0.0 s'],
  [4_240, '4.2 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min 00 s'],
  [423_000, '7 min 03 s'],
])('%i ms read as "%s"', (durationMs, text) => expect(durationText(durationMs)).toBe(text))

test.each([
  [939_211, '0.9 MB'],
  [106_905_560, '107 MB'],
])('%i bytes read as "%s"', (bytes, text) => expect(sizeText(bytes)).toBe(text))

test('a progress line names what runs, for how long, and what is still to come', () =>
  expect(progressLine(80_000, [{ name: 'kubernetes', step: 'compiling', elapsedMs: 61_000 }], ['regal'])).toBe(
    '  … 1 min 20 s: kubernetes (compiling, 1 min 01 s); still to come: regal',
  ))

test('a progress line with nothing waiting says nothing about it', () =>
  expect(progressLine(10_000, [{ name: 'opa', step: 'compiling', elapsedMs: 5_000 }], [])).toBe(
    '  … 10 s: opa (compiling, 5.0 s)',
  ))
