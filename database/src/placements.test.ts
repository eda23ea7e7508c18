import { expect, test } from 'vitest'
import { judgePlacement } from './placements.ts'
import type { Placement, Shard } from './placements.ts'

const shards: readonly Shard[] = [
  { name: 'default', capacity: 2 },
  { name: 'large', capacity: 10 },
]
const placed = (shard: string): Placement => ({ kind: 'placed', shard })

test.each<[string, string | undefined, Readonly<Record<string, number>>, Placement]>([
  ['the first of empty ones is taken', undefined, {}, placed('default')],
  ['the emptiest by its own measure is taken', undefined, { default: 1, large: 4 }, placed('large')],
  ['a wish is granted while there is room', 'default', { default: 1 }, placed('default')],
  [
    'a wish for a full one is refused, though others have room',
    'default',
    { default: 2 },
    { kind: 'full', shard: 'default' },
  ],
  ['a wish for one that is none is refused', 'moon', {}, { kind: 'unknown', shard: 'moon' }],
  ['without room anywhere nobody is placed', undefined, { default: 2, large: 11 }, { kind: 'full', shard: undefined }],
])('%s', (_title, wish, realms, wanted) => {
  expect(judgePlacement({ wish, isStanding: false }, shards, new Map(Object.entries(realms)))).toEqual(wanted)
})

test.each([[undefined], ['large'], ['moon']])(
  'what stands already is on the first, full or not, wish %s or not',
  (wish) => {
    const full = new Map([['default', 2]])
    expect(judgePlacement({ wish, isStanding: true }, shards, full)).toEqual(placed('default'))
  },
)

test('one that takes no more is full while it is empty', () => {
  const closed = [{ name: 'default', capacity: 0 }]
  expect(judgePlacement({ wish: undefined, isStanding: false }, closed, new Map())).toEqual({
    ...{ kind: 'full', shard: undefined },
  })
})
