import type { KnownTenant } from '@bulkhead/database'
import { ConfigProblem } from '@bulkhead/runtime'
import { parseTenantName } from '@bulkhead/tenancy'
import { Refusal } from '../command.ts'

/** The name as it was given; throws when no tenant can be called so. */
export function demandTenantName(name: string): string {
  if (parseTenantName(name) !== undefined) return name
  const want = 'lower-case letters, digits and "-", at most 40, beginning with a letter'
  throw new ConfigProblem(`Cannot use ${JSON.stringify(name)} as a tenant's name: want ${want}`)
}

/** Which incarnation's rows are meant: the one with the id, else the living one, else the only one that left rows. */
export function chooseSource(known: readonly KnownTenant[], name: string, id: string | undefined): KnownTenant {
  const doing = `Cannot export "${name}"`
  const [first] = known
  if (first === undefined) throw nobody(doing, name)
  if (id !== undefined) {
    const found = known.find((tenant) => tenant.id === id)
    if (found !== undefined) return found
    throw new Refusal(`${doing}: no tenant of that name has the id "${id}"; there are ${listed(known)}`)
  }
  if (first.retainedAtMs === undefined || known.length === 1) return first
  throw new Refusal(`${doing}: several deleted tenants left rows; choose one with --id: ${listed(known)}`)
}

/** The living tenant that rows go into. */
export function chooseTarget(known: readonly KnownTenant[], name: string): KnownTenant {
  const doing = `Cannot import into "${name}"`
  const [first] = known
  if (first === undefined) throw nobody(doing, name)
  if (first.retainedAtMs === undefined) return first
  const advice = 'make a Tenant of that name again (with spec.adopt it takes those rows up), then import'
  throw new Refusal(`${doing}: the Tenant is gone, and only kept rows are left: ${listed(known)}; ${advice}`)
}

/** Throws when an export is of another Tenant than the one that it is to go into, and nobody said that this is meant. */
export function demandSameTenant(
  from: { readonly name: string; readonly uid: string },
  to: KnownTenant,
  isOtherMeant: boolean,
): void {
  if (from.uid === to.uid || isOtherMeant) return
  const whose = from.name === to.name ? `an earlier Tenant "${from.name}"` : `the Tenant "${from.name}"`
  throw new Refusal(
    `Cannot import into "${to.name}": the export is of ${whose} (uid ${from.uid}, here ${to.uid}); with --as-other it is imported all the same`,
  )
}

function nobody(doing: string, name: string): Refusal {
  return new Refusal(`${doing}: the registry knows no tenant "${name}", neither a living one nor what one left behind`)
}

function listed(known: readonly KnownTenant[]): string {
  return known
    .map(({ id, retainedAtMs }) =>
      retainedAtMs === undefined ? `${id} (living)` : `${id} (deleted ${new Date(retainedAtMs).toISOString()})`,
    )
    .join(', ')
}
