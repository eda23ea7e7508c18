import { BaseSequencer, type TestSpecification } from 'vitest/node'

// They stop parts that all files share, so they come last. Vitest would order the files by how long each took before,
// and so differently on every machine.
const disturbing = ['faults', 'limits', 'policy']

function rank(file: string): number {
  return disturbing.findIndex((name) => file.endsWith(`/${name}.test.ts`)) + 1
}

/** Scenario files in a fixed order, all others in Vitest's own. */
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const scenarios = files.filter(({ project }) => project.name === 'e2e')
    const others = files.filter(({ project }) => project.name !== 'e2e')
    const ordered = scenarios.toSorted(
      (a, b) => rank(a.moduleId) - rank(b.moduleId) || a.moduleId.localeCompare(b.moduleId, 'en'),
    )
    return [...(await super.sort(others)), ...ordered]
  }
}
