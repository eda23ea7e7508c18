import type { AccessPolicy, Problem } from '@bulkhead/crds'
import { compareText } from '../model/compare-text.ts'
import type { PolicyModel } from '../model/model.ts'
import type { InvalidObject } from './input.ts'
import { refOf } from './order.ts'

export interface PolicyTargets {
  /** Uid of a live ToolSet or Tool of this tenant, or undefined. */
  uidOf(target: AccessPolicy['spec']['targetRef']): string | undefined
  /** Every route belongs to one of these. */
  readonly toolSetUids: readonly string[]
}

export interface AppliedPolicies {
  readonly policies: readonly PolicyModel[]
  readonly problems: ReadonlyMap<string, readonly Problem[]>
}

/**
 * One model a target. Several policies on one target add up: what any rule of any of them allows is allowed, so a
 * policy can be split over objects. A policy that could not be read denies its target whatever the others say, and all
 * that the tenant publishes where its target could not be read either.
 */
export function applyPolicies(
  policies: readonly AccessPolicy[],
  invalid: readonly InvalidObject[],
  targets: PolicyTargets,
): AppliedPolicies {
  const applied = new Map<string, PolicyModel>()
  const problems = new Map<string, readonly Problem[]>()
  const put = (model: PolicyModel): void => {
    const older = applied.get(model.targetUid)
    applied.set(model.targetUid, older === undefined ? model : merge(older, model))
  }
  for (const { metadata, spec } of policies) {
    const targetUid = targets.uidOf(spec.targetRef)
    if (targetUid === undefined) problems.set(metadata.uid, [targetNotFound(spec.targetRef)])
    else put({ ref: refOf('AccessPolicy', metadata), targetUid, rules: spec.rules.map(ruleOf), isBroken: false })
  }
  for (const { metadata, target } of invalid) {
    const uids = target === undefined ? targets.toolSetUids : [targets.uidOf(target)]
    for (const targetUid of uids)
      if (targetUid !== undefined) put({ ref: refOf('AccessPolicy', metadata), targetUid, rules: [], isBroken: true })
  }
  const sorted = [...applied.values()].sort((left, right) => compareText(left.targetUid, right.targetUid))
  return { policies: sorted, problems }
}

function ruleOf(rule: AccessPolicy['spec']['rules'][number]): PolicyModel['rules'][number] {
  return { roles: [...new Set(rule.roles)].sort(), methods: [...new Set(rule.methods)].sort() }
}

function merge(older: PolicyModel, younger: PolicyModel): PolicyModel {
  return { ...older, rules: [...older.rules, ...younger.rules], isBroken: older.isBroken || younger.isBroken }
}

function targetNotFound({ kind, name }: AccessPolicy['spec']['targetRef']): Problem {
  return {
    reason: 'TargetNotFound',
    field: 'spec.targetRef',
    message: `${kind} "${name}" does not exist in this namespace`,
  }
}
