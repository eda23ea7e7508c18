// Refuses any import that the layout does not allow: each room may use only the rooms listed for it here.
import { globSync, readFileSync } from 'node:fs'
import { join, relative, resolve, dirname } from 'node:path'
import { arrowProblems, type SourceFile } from './arrows.ts'

const root = join(import.meta.dirname, '..')
const rooms = 'tenancy,crds,envoy,runtime,database,identity,operator,xds-server,cli,e2e,scripts'
const files: SourceFile[] = globSync(`{${rooms}}/**/*.ts`, {
  cwd: root,
  // The check's own test quotes imports that are not allowed.
  exclude: (path) => /node_modules|\/gen\/|arrows\.test/.test(path),
}).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

const problems = arrowProblems(files, (from, to) => relative(root, resolve(root, dirname(from), to)))
for (const problem of problems) console.error(problem)
console.log(`arrows: ${files.length} files, ${problems.length} not allowed`)
if (problems.length > 0) process.exit(1)
