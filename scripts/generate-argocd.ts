// Writes what Argo CD's ConfigMap is to hold: the one health script, under the key of each kind, and Application's.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { argocdConfigMap } from './argocd.ts'

const folder = join(import.meta.dirname, '../manifests/argocd')
const head =
  '# Generated from health.lua and application.lua by `make generate`: change it there. A patch of the ConfigMap that Argo CD has already.\n'
const scriptIn = (file: string) => readFileSync(join(folder, file), 'utf8')
const map = argocdConfigMap({ ours: scriptIn('health.lua'), application: scriptIn('application.lua') })
writeFileSync(join(folder, 'argocd-cm.yaml'), head + stringify(map, { lineWidth: 0, aliasDuplicateObjects: false }))
