import type { DatabaseStep } from '../walls/database/plan.ts'
import type { GrantsStep } from '../walls/grants/plan.ts'
import type { IdentityStep } from '../walls/identity/plan.ts'
import type { NamespaceStep } from '../walls/namespace/plan.ts'

/** Something to be done for a tenant; each can be done again without harm. */
export type Step = GrantsStep | NamespaceStep | IdentityStep | DatabaseStep
