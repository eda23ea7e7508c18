// `make generate`: writes every file that derives from another.
import { runStep } from './steps.ts'

const generators = [
  'scripts/generate-crds.ts',
  'scripts/generate-argocd.ts',
  'scripts/generate-envoy.ts',
  'cli/src/write-reference.ts',
]

for (const path of generators) {
  if (!(await runStep({ name: path, command: ['node', path] }))) process.exit(1)
}
