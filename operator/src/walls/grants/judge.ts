import type { Problem } from '@bulkhead/crds'
import type { Judgement } from '@bulkhead/database'
import { done, failed } from '../../verdict.ts'
import type { Verdict } from '../../verdict.ts'
import { sentence, unavailable } from '../judgement.ts'
import type { Seen } from '../seen.ts'
import { hostNotGranted } from './wanted.ts'
import type { WantedGrants } from './wanted.ts'

/** The verdict on the grants, and every mistake of the person who asked for them. */
export function judgeGrants(wanted: WantedGrants, grants: Seen<Judgement>) {
  const { claim, hostProblems } = wanted
  if (grants.kind === 'unavailable') {
    return { verdict: unavailable('DatabaseUnavailable'), problems: hostProblems }
  }
  const { refusedHosts, missing, changes } = grants.value
  if (changes) return { verdict: failed('Progressing', 'The registry is being asked'), problems: hostProblems }
  const refused = refusedHosts.map((host) => hostNotGranted(host, wanted.fieldOfHost.get(host) ?? 'spec.hostnames'))
  const problems = [...hostProblems, ...refused, ...shareProblems(claim.guaranteed, missing)]
  const [first] = problems
  if (first !== undefined) return { verdict: failed(first.reason, sentence(problems)), problems }
  return { verdict: granted(claim.name, grants.value), problems }
}

function shareProblems(guaranteed: number, missing: number): readonly Problem[] {
  if (missing === 0) return []
  const field = 'spec.limits.requestsPerSecond.guaranteed'
  const message = `Cannot guarantee ${guaranteed} requests a second: ${missing} are missing in the fleet's capacity`
  return [{ reason: 'CapacityExceeded', field, message }]
}

function granted(name: string, { hosts, guaranteed }: Judgement): Verdict {
  return done('Granted', `${name}: ${hosts.length} hostnames, ${guaranteed} requests a second`)
}
