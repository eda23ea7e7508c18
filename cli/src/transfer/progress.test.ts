import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import { Progress, sizeText } from './progress.ts'

test('what takes long is told of every two seconds, also when nothing moves, and after the end nothing is', async () => {
  const clock = new TestClock()
  const lines: string[] = []
  const progress = new Progress({ clock, tell: (line) => void lines.push(line) })
  await clock.advance(1999)
  expect(lines).toEqual([])
  await clock.advance(1)
  progress.begin('writing table "audit"')
  progress.moved(12_000_000)
  progress.moved(345)
  await clock.advance(4000)
  progress.end()
  await clock.advance(10_000)
  expect(lines).toEqual([
    '  2 s: waiting for Postgres, 0 B',
    '  4 s: writing table "audit", 12 MB',
    '  6 s: writing table "audit", 12 MB',
  ])
  expect([sizeText(9999), sizeText(10_000), sizeText(9_999_000)]).toEqual(['9999 B', '10 kB', '9999 kB'])
})
