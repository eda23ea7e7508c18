/** A file of ours, its path from the repository's root. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

// Workspace → the workspaces it may import. The picture of this table is in ARCHITECTURE.md.
const workspaceArrows: Readonly<Record<string, readonly string[]>> = {
  tenancy: [],
  envoy: [],
  runtime: [],
  crds: ['tenancy'],
  database: ['tenancy', 'runtime'],
  identity: ['tenancy', 'runtime'],
  operator: ['tenancy', 'crds', 'runtime', 'database', 'identity'],
  xds: ['envoy'],
  'xds-server': ['tenancy', 'crds', 'envoy', 'runtime', 'xds'],
  cli: ['tenancy', 'crds', 'runtime', 'database', 'identity'],
  e2e: ['tenancy', 'crds', 'runtime'],
  scripts: ['tenancy', 'crds', 'envoy'],
}

// The path goes one way: watch → build → model → translate → assemble → xds (store → serve). Where a room of
// xds-server may use the workspace `xds`, it stands among the rooms.
const roomArrows: Readonly<Record<string, readonly string[]>> = {
  'xds-server/src/model': [],
  'xds-server/src/build': ['model'],
  'xds-server/src/translate': ['model'],
  'xds-server/src/lint': [],
  'xds-server/src/assemble': ['translate', 'model'],
  'xds/src/subscription': [],
  'xds/src/store': ['subscription'],
  'xds/src/fleet': ['subscription', 'store'],
  'xds/src/serve': ['subscription', 'fleet'],
  'xds/src/bench': ['serve', 'fleet'],
  'xds/src/conformance': ['serve', 'fleet', 'store', 'subscription'],
  'xds-server/src/resolve': ['model'],
  'xds-server/src/bundles': ['model'],
  'xds-server/src/certificates': ['resolve'],
  'xds-server/src/watch': ['resolve', 'certificates', 'build', 'model'],
  'xds-server/src/control': [
    ...['watch', 'resolve', 'certificates', 'build', 'model'],
    ...['translate', 'assemble', 'bundles', 'xds'],
  ],
  'xds-server/src/report': ['control', 'watch', 'build', 'model', 'xds'],
}

const importPattern =
  /^\s*(?:import|export)\b[^'"]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm

function importsOf(text: string): readonly string[] {
  return [...text.matchAll(importPattern)].flatMap((match) => match[1] ?? match[2] ?? match[3] ?? [])
}

const isTest = (path: string) => path.endsWith('.test.ts') || /\/(testing|scenarios)\//.test(path)

function workspaceProblem(file: SourceFile, target: string): string | undefined {
  const from = file.path.split('/')[0] ?? ''
  const allowed = workspaceArrows[from] ?? []
  const to = /^@bulkhead\/([^/]+)/.exec(target)?.[1]
  if (to === undefined || to === from || allowed.includes(to)) return undefined
  // A test may use what another workspace offers for tests.
  if (isTest(file.path) && /^@bulkhead\/[^/]+\/testing/.test(target)) return undefined
  return `${file.path}: ${from} must not import ${to}; allowed: ${allowed.join(', ') || 'nothing'}`
}

function roomProblem(file: SourceFile, resolved: string): string | undefined {
  const room = Object.keys(roomArrows).find((name) => file.path.startsWith(`${name}/`))
  if (room === undefined || isTest(file.path)) return undefined
  const target = /^[^/]+\/src\/([^/]+)\//.exec(resolved)?.[1] ?? /^@bulkhead\/(xds)$/.exec(resolved)?.[1]
  if (target === undefined || room.endsWith(`/${target}`)) return undefined
  if (roomArrows[room]?.includes(target) === true) return undefined
  return `${file.path}: the room ${room} must not import ${target}`
}

function relativeProblem(file: SourceFile, resolved: string): string | undefined {
  const [from, to] = [file.path.split('/')[0], resolved.split('/')[0]]
  return from === to
    ? undefined
    : `${file.path}: reaches into ${to ?? resolved} by a relative path; import @bulkhead/${to ?? ''}`
}

/** Every import that is not allowed, as a sentence; `resolvePath` turns a relative import into a path from the root. */
export function arrowProblems(
  files: readonly SourceFile[],
  resolvePath: (from: string, to: string) => string,
): readonly string[] {
  return files.flatMap((file) =>
    importsOf(file.text).flatMap((target) => {
      if (!target.startsWith('.')) return workspaceProblem(file, target) ?? roomProblem(file, target) ?? []
      const resolved = resolvePath(file.path, target)
      return relativeProblem(file, resolved) ?? roomProblem(file, resolved) ?? []
    }),
  )
}
