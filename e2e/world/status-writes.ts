import type { Kubectl } from './kubectl.ts'

const counter = /^apiserver_request_total\{(?<labels>.*)\} (?<value>\S+)$/gm

/** How many requests for the status of our kinds the API server has served since it was started, by plural. */
export async function countStatusWrites(kubectl: Kubectl): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const { groups } of (await kubectl.run(['get', '--raw', '/metrics'])).matchAll(counter)) {
    const labels = labelsOf(groups?.['labels'] ?? '')
    if (!isStatusWrite(labels)) continue
    const plural = labels.get('resource') ?? ''
    counts.set(plural, (counts.get(plural) ?? 0) + Number(groups?.['value']))
  }
  return counts
}

function labelsOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]))
}

function isStatusWrite(labels: ReadonlyMap<string, string>): boolean {
  const isWrite = ['APPLY', 'PATCH', 'PUT'].includes(labels.get('verb') ?? '')
  return isWrite && labels.get('group') === 'bulkhead.dev' && labels.get('subresource') === 'status'
}

/** How many there were between two counts. */
export function writesBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  const pairs = [...after].map(([plural, count]) => [plural, count - (before.get(plural) ?? 0)] as const)
  return Object.fromEntries(pairs.filter(([, count]) => count > 0))
}
