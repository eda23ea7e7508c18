import { compareText } from '../../model/compare-text.ts'

/** What happened to one path: whether something stood there before, and the JSON that stands there now. */
export interface PathChange {
  readonly path: string
  readonly existed: boolean
  /** `undefined`: removed. */
  readonly text: string | undefined
}

/**
 * Several patches as one: per path, what stood there before the first and what stands there after the last. OPA
 * refuses a whole bundle that removes what is not there, so a path that came and went again is left out.
 */
export function mergeChanges(patches: readonly (readonly PathChange[])[]): readonly PathChange[] {
  const merged = new Map<string, PathChange>()
  for (const change of patches.flat()) {
    const existed = merged.get(change.path)?.existed ?? change.existed
    merged.set(change.path, { path: change.path, existed, text: change.text })
  }
  return [...merged.values()]
    .filter((change) => change.existed || change.text !== undefined)
    .sort((left, right) => compareText(left.path, right.path))
}

/** The text of `patch.json` of a delta bundle. */
export function patchJson(changes: readonly PathChange[]): string {
  const operations = changes.map(({ path, text }) =>
    text === undefined
      ? `{"op":"remove","path":${JSON.stringify(path)}}`
      : `{"op":"upsert","path":${JSON.stringify(path)},"value":${text}}`,
  )
  return `{"data":[${operations.join(',')}]}`
}

/** A path of the data, its segments escaped as JSON Pointer asks, and `%` too, for OPA unescapes URLs as well. */
export function dataPath(...segments: readonly string[]): string {
  return segments
    .map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('%', '%25')}`)
    .join('')
}
