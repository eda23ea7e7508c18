import type { CleanRun, Tried } from './enumerate.ts'

/** What was tried and what came of it, one line a scenario, and a sentence with the sums. */
export function tableOf(cleanRuns: readonly CleanRun[], tried: readonly Tried[]): string {
  const rows = triedOf(cleanRuns).map(({ scenario, effects }) => {
    const of = tried.filter((one) => one.scenario === scenario.title && one.trial !== undefined)
    return [scenario.title, effects.length, of.length, of.filter(isDivergent).length] as const
  })
  const sum = (index: 1 | 2 | 3) => rows.reduce((total, row) => total + row[index], 0)
  const lines = [['scenario', 'effects', 'runs', 'divergent'] as const, ...rows].map(([title, ...figures]) => {
    return [title.padEnd(28), ...figures.map((figure) => String(figure).padStart(10))].join('')
  })
  const chances = tried.filter(({ isChance }) => isChance === true).length
  const byChance = chances === 0 ? '' : `; ${chances} points that only some lives come to were not met again`
  const total = `${rows.length} scenarios, ${sum(1)} effects × {before, after} × {one, two operators}: ${sum(2)} runs, ${sum(3)} divergent${byChance}`
  return [...lines, total].join('\n')
}

/** The runs of the scenarios that are tried for themselves. */
export function triedOf(cleanRuns: readonly CleanRun[]): readonly CleanRun[] {
  return cleanRuns.filter(({ scenario }) => scenario.isPreparation !== true)
}

/** The sums of several lives, in one sentence. */
export function totalOf(lives: readonly (readonly [readonly CleanRun[], readonly Tried[]])[]): string {
  const runs = lives.flatMap(([cleanRuns]) => triedOf(cleanRuns))
  const trials = lives.flatMap(([, tried]) => tried).filter(({ trial }) => trial !== undefined)
  const effects = runs.reduce((total, run) => total + run.effects.length, 0)
  const divergent = trials.filter(isDivergent).length
  return `in all: ${runs.length} scenarios, ${effects} effects, ${trials.length} runs, ${divergent} divergent`
}

export function isDivergent({ differences }: Tried): boolean {
  return differences.length > 0
}

/**
 * The trials that a person has to look at: those that leave something else, and those that never came to their point though
 * other lives do.
 */
export function faultsOf(tried: readonly Tried[]): readonly string[] {
  return tried
    .filter((one) => isDivergent(one) || (!one.isReached && one.isChance !== true))
    .map(({ scenario, trial, differences, isReached }) => {
      const where =
        trial === undefined
          ? 'no crash'
          : `${trial.failpoint.when} ${trial.failpoint.effect}, ${trial.leaders} operators`
      return [`${scenario}: ${where}${isReached ? '' : ' (never reached)'}`, ...differences].join('\n    ')
    })
}
