import type { Rule } from '../rule.ts'
import { answerRules } from './answers.ts'
import { forwardRules } from './forwards.ts'
import { headerRules, slotRules } from './headers.ts'
import { identityRules, isolationRule } from './identity.ts'
import { limitRules } from './limits.ts'

/** What must hold for the RouteConfiguration of every tenant. */
export const routeRules: readonly Rule[] = [
  ...identityRules,
  ...answerRules,
  ...forwardRules,
  ...slotRules,
  ...headerRules,
  ...limitRules,
  isolationRule,
]
