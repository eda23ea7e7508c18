import { readFile } from 'node:fs/promises'
import { useOption } from '@bulkhead/runtime'
import { parse } from 'yaml'
import { realmTemplate } from './walls/identity/realm/template.ts'
import type { RealmTemplate } from './walls/identity/realm/template.ts'

/** Reads what the platform says of every new realm; throws a `ConfigProblem` that names each mistake by its field. */
export async function readRealmTemplate(path: string | undefined): Promise<RealmTemplate> {
  if (path === undefined) return {}
  const allowed = 'the path of a YAML or JSON file with the fields of a realm'
  return useOption({ name: 'identity.realmTemplateFile', value: path, allowed }, async () =>
    checkTemplate(parse(await readFile(path, 'utf8'), { prettyErrors: false })),
  )
}

/** The template, or an error that names each mistake by its field; values are not told, for one may be a password. */
export function checkTemplate(value: unknown): RealmTemplate {
  const result = realmTemplate.safeParse(value ?? {})
  if (result.success) return result.data
  const lines = result.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
  throw new Error(lines.join('; '))
}
