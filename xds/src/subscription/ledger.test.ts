import { expect, test } from 'vitest'
import { Ledger } from './ledger.ts'

const sent = (turn: number, name = 'a') => ({
  nonce: String(turn),
  sentAtMs: turn,
  bytes: 1,
  entries: [{ name, group: 'g', version: String(turn) }],
})

test('of a client that never answers one response for each name is remembered, and its late answer counts', () => {
  const ledger = new Ledger()
  for (let turn = 0; turn < 100; turn += 1) {
    ledger.recordSent(sent(turn))
    ledger.expire(turn, 0)
  }
  for (let turn = 0; turn < 99; turn += 1) expect(ledger.settle(String(turn), undefined)).toBeUndefined()
  expect(ledger.settle('99', undefined)?.nonce).toBe('99')
  expect(ledger.ackedVersion('a')).toBe('99')
  expect([ledger.awaitedCount, ledger.awaitedBytes]).toEqual([0, 0])
})

test('what a client let go of before it answered is forgotten once its time is up', () => {
  const ledger = new Ledger()
  ledger.recordSent(sent(1))
  ledger.forget('a')
  expect([ledger.awaitedCount, ledger.awaitedBytes]).toEqual([1, 1])
  ledger.expire(1, 0)
  expect([ledger.awaitedCount, ledger.awaitedBytes]).toEqual([0, 0])
  expect(ledger.settle('1', undefined)).toBeUndefined()
})
