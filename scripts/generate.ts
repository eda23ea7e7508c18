// `make generate`: writes every file that derives from another.
import { runStep } from './steps.ts'

for (const name of ['generate-crds', 'generate-argocd', 'generate-envoy']) {
  if (!(await runStep({ name, command: ['node', `scripts/${name}.ts`] }))) process.exit(1)
}
