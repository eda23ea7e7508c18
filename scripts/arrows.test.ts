import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { arrowProblems } from './arrows.ts'

const problemsOf = (path: string, text: string) =>
  arrowProblems([{ path, text }], (from, to) => posix.join(posix.dirname(from), to))

test.each([
  ['operator/src/a.ts', "import { x } from '@bulkhead/xds-server'"],
  ['tenancy/src/a.ts', "import type { x } from '@bulkhead/crds'"],
  ['runtime/src/a.ts', "export { x } from '@bulkhead/tenancy'"],
  ['xds-server/src/a.ts', "import { x } from '../../operator/src/b.ts'"],
  ['xds-server/src/build/a.ts', "import { x } from '../control/b.ts'"],
  ['xds-server/src/build/a.ts', "import { x } from '@bulkhead/xds'"],
  ['xds/src/store/a.ts', "import { x } from '../fleet/b.ts'"],
  ['xds/src/serve/a.ts', "import { x } from '@bulkhead/tenancy'"],
  ['xds-server/src/control/a.ts', "import { x } from '../report/b.ts'"],
  ['crds/src/a.ts', "const x = await import('@bulkhead/runtime')"],
])('%s must not hold: %s', (path, text) => expect(problemsOf(path, text)).toHaveLength(1))

test.each([
  ['operator/src/a.ts', "import { x } from '@bulkhead/runtime'"],
  ['xds-server/src/build/a.ts', "import { x } from '../model/model.ts'"],
  ['xds-server/src/main.ts', "import { x } from './report/index.ts'"],
  ['xds-server/src/control/a.ts', "import { x } from '@bulkhead/xds'"],
  ['crds/src/a.contract.test.ts', "import { x } from '@bulkhead/runtime/testing-api-server'"],
])('%s may hold: %s', (path, text) => expect(problemsOf(path, text)).toEqual([]))
