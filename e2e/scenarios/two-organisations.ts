import { createOrganisation, publishStandard, type Organisation } from '../world/organisation.ts'
import { openScenario, type Scenario } from './scenario.ts'

/** What most scenarios begin with. */
export interface TwoOrganisations {
  readonly scenario: Scenario
  readonly acme: Organisation
  readonly globex: Organisation
}

/** Opens the platform for two organisations that have published the same. */
export async function openTwoOrganisations(
  tenantSpec: Readonly<Record<string, unknown>> = {},
): Promise<TwoOrganisations> {
  const scenario = await openScenario()
  const create = (base: string) => createOrganisation(scenario.name(base), { ...scenario, tenantSpec })
  const [acme, globex] = await Promise.all([create('acme'), create('globex')])
  await Promise.all([publishStandard(acme), publishStandard(globex)])
  return { scenario, acme, globex }
}
