import { clientRoutes } from './clients.ts'
import { flowRoutes } from './flows.ts'
import { realmRoutes } from './realms.ts'
import { roleRoutes } from './roles.ts'
import type { Route } from './route.ts'
import { scopeRoutes } from './scopes.ts'
import { settingsRoutes } from './settings.ts'
import { userRoutes } from './users.ts'

/** Everything below a realm that the double can do. */
export const allRoutes: readonly Route[] = [
  ...[...realmRoutes, ...clientRoutes, ...scopeRoutes],
  ...[...roleRoutes, ...userRoutes, ...settingsRoutes, ...flowRoutes],
]
