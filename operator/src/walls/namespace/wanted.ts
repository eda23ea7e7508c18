import type { Problem, Tenant } from '@bulkhead/crds'
import type { Owner } from '../owner.ts'
import { isEverybody } from './access.ts'
import { isMetadata, isRange } from './network-policy.ts'
import { namespaceObjects } from './objects.ts'
import type { NamespaceSettings, WantedNamespace } from './objects.ts'

/** The namespace of a Tenant, and the mistakes in what it asks for: what is wrong is left out. */
export function wantNamespace(
  owner: Owner,
  { spec }: Pick<Tenant, 'spec'>,
  settings: NamespaceSettings,
): { readonly wanted: WantedNamespace; readonly problems: readonly Problem[] } {
  const admins = judgeAdmins(spec.admins)
  const egress = judgeEgress(spec.network.egress)
  const allowed = { ...spec, admins: admins.allowed, network: { egress: egress.allowed } }
  return { wanted: namespaceObjects(owner, allowed, settings), problems: [...admins.problems, ...egress.problems] }
}

function judgeAdmins(admins: Tenant['spec']['admins']) {
  const problems: Problem[] = []
  const allowed = admins.filter((admin, index) => {
    if (!isEverybody(admin)) return true
    const message = `Cannot make "${admin.name}" an admin: it stands for everybody, whatever their tenant`
    problems.push({ reason: 'InvalidSpec', field: `spec.admins[${index}].name`, message })
    return false
  })
  return { problems, allowed }
}

function judgeEgress(ranges: Tenant['spec']['network']['egress']) {
  const problems: Problem[] = []
  const allowed = ranges.filter((range, index) => {
    const why = whyNot(range)
    if (why === undefined) return true
    const message = `Cannot open "${range.cidr}": ${why}`
    problems.push({ reason: 'InvalidSpec', field: `spec.network.egress[${index}].cidr`, message })
    return false
  })
  return { problems, allowed }
}

function whyNot(range: Tenant['spec']['network']['egress'][number]): string | undefined {
  // The API server lets none of these in, unless the definition that it has is another one.
  if (!isRange(range)) return 'it is no address range like 203.0.113.0/24'
  return isMetadata(range) ? "it is the metadata service, which hands out the node's credentials" : undefined
}
