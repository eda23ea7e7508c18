import { parse, stringify } from 'yaml'
import { z } from 'zod'

const kubeconfig = z.looseObject({
  users: z.array(z.looseObject({ name: z.string(), user: z.looseObject({}) })).min(1),
})

/**
 * A kubeconfig that acts as the admin of one organisation: the platform's own, with impersonation, so that the API
 * server applies the rights of that admin and no others.
 */
export function adminKubeconfig(platformKubeconfig: string, organisation: string): string {
  const config = kubeconfig.parse(parse(platformKubeconfig))
  const as = { as: `${organisation}-admin`, 'as-groups': [`${organisation}-admins`] }
  return stringify({ ...config, users: config.users.map(({ name, user }) => ({ name, user: { ...user, ...as } })) })
}
