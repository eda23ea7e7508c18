import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const rooms = ['runtime', 'operator', 'xds-server', 'identity', 'database']

/** The names of all metrics that our processes register. */
export function registeredMetrics(): ReadonlySet<string> {
  return new Set(rooms.flatMap(registeredIn))
}

// What reads one back names its parts.
function registeredIn(room: string): readonly string[] {
  const folder = join(root, room, 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.split('/').includes('testing'),
  )
  return files.flatMap((path) => {
    const text = readFileSync(join(folder, path), 'utf8')
    const whole = [...text.matchAll(/'(bulkhead_[a-z_]+)'/g)].map(([, name = '']) => name)
    // Those of a list and watch share the beginning of their names.
    const begun = [...text.matchAll(/\bone\('([a-z_]+)'/g)].map(([, name = '']) => `bulkhead_kubernetes_${name}`)
    return [...whole, ...begun].filter((name) => !/_(sum|count|bucket)$/.test(name))
  })
}
