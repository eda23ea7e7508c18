// Writes what Argo CD's ConfigMap is to hold: the one health script, under the key of each kind.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { argocdConfigMap } from './argocd.ts'

const folder = join(import.meta.dirname, '../manifests/argocd')
const head =
  '# Generated from health.lua by `make generate`: change it there. A patch of the ConfigMap that Argo CD has already.\n'
const text = readFileSync(join(folder, 'health.lua'), 'utf8')
writeFileSync(
  join(folder, 'argocd-cm.yaml'),
  head + stringify(argocdConfigMap(text), { lineWidth: 0, aliasDuplicateObjects: false }),
)
