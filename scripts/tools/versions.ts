/** The version in a program's own words, as numbers: `go1.26.8`, `openjdk version "17.0.15"`, `Python 3.11.7`. */
export function versionIn(text: string): readonly number[] | undefined {
  return /\d+(\.\d+)*/.exec(text)?.[0].split('.').map(Number)
}

/** Whether a version is at least another; missing numbers count as zero. */
export function isAtLeast(version: readonly number[], least: readonly number[]): boolean {
  const length = Math.max(version.length, least.length)
  for (let index = 0; index < length; index += 1) {
    const difference = (version[index] ?? 0) - (least[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}
