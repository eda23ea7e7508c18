// `make check`: everything that can be said about the code without running it.
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot, runStep, type Step } from './steps.ts'

const generatedFiles = [
  'manifests/crds/*.yaml',
  'manifests/argocd/argocd-cm.yaml',
  'docs/reference/{api,cli,conditions,reasons,references}.md',
  'envoy/gen/*',
]

function digest(): string {
  const hash = createHash('sha256')
  for (const path of globSync(generatedFiles, { cwd: repositoryRoot }).sort()) {
    hash.update(path).update(readFileSync(join(repositoryRoot, path)))
  }
  return hash.digest('hex')
}

const steps: readonly Step[] = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'lint', command: ['eslint', '--cache', '--cache-location', 'node_modules/.cache/eslint', '.'] },
  { name: 'formatting', command: ['prettier', '--check', '--log-level=warn', '.'] },
  { name: 'arrows', command: ['node', 'scripts/check-arrows.ts'] },
  {
    name: 'policy: strict compile',
    command: [
      '.tools/bin/opa',
      'check',
      '--strict',
      '--capabilities',
      'xds-server/policy/capabilities.json',
      'xds-server/policy/authz.rego',
    ],
  },
  { name: 'policy: formatting', command: ['.tools/bin/opa', 'fmt', '--fail', '--list', 'xds-server/policy'] },
  { name: 'policy: lint', command: ['.tools/bin/regal', 'lint', 'xds-server/policy'] },
]

const failed: string[] = []
for (const step of steps) if (!(await runStep(step))) failed.push(step.name)

const before = digest()
if (!(await runStep({ name: 'generate', command: ['node', 'scripts/generate.ts'] }))) failed.push('generate')
else if (digest() !== before) {
  console.error('✗ Generated files were not current: `make generate` has now written them; review and commit them')
  failed.push('generated files')
}

if (failed.length > 0) {
  console.error(`\ncheck failed: ${failed.join(', ')}`)
  process.exit(1)
}
console.log('\ncheck passed')
