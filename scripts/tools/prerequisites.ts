import { spawnSync } from 'node:child_process'
import type { Environment } from './command.ts'
import type { Need, Part } from './pins.ts'
import { findOnPath } from './recipes/system.ts'
import { isAtLeast, versionIn } from './versions.ts'

/** Something the machine lacks, said so that a person can act. */
export interface Lack {
  readonly need: Need
  readonly message: string
}

interface Prerequisite {
  readonly name: string
  readonly why: string
  readonly howToGet: string
  readonly probe: readonly [string, ...string[]]
  readonly least?: readonly number[]
}

const prerequisites: Readonly<Record<Need, Prerequisite>> = {
  go: {
    name: 'Go',
    why: 'it builds Kubernetes, etcd, OPA, the rate limit service and the Envoy descriptors',
    howToGet: 'the Go project has archives to unpack into /usr/local/go; Debian 12 packages only Go 1.19',
    probe: ['go', 'env', 'GOVERSION'],
    least: [1, 26],
  },
  java: {
    name: 'a JDK',
    why: 'Keycloak runs on it',
    howToGet: 'Debian: apt-get install openjdk-17-jdk-headless',
    probe: ['java', '-version'],
    least: [17],
  },
  maven: {
    name: 'Maven',
    why: 'it fetches Keycloak',
    howToGet: 'Debian: apt-get install maven',
    probe: ['mvn'],
  },
  python: {
    name: 'Python with pip',
    why: 'pip fetches Envoy, and Python unpacks archives',
    howToGet: 'Debian: apt-get install python3 python3-pip',
    probe: ['python3', '-c', 'import sys, pip; print("%d.%d" % sys.version_info[:2])'],
    least: [3, 10],
  },
  apt: {
    name: 'redis-server',
    why: 'the rate limit service counts in it',
    howToGet: 'any Redis ≥ 6.2 on PATH will do; on Debian and Ubuntu it is fetched without root when it is not there',
    probe: ['redis-server'],
  },
}

/** What the machine lacks to build these parts. */
export function findLacks(parts: readonly Part[], environment: Environment): readonly Lack[] {
  const needs = [...new Set(parts.flatMap((part) => part.needs))]
  return needs.flatMap((need) => {
    const problem = problemWith(need, environment)
    if (problem === undefined) return []
    const { name, why, howToGet } = prerequisites[need]
    return [{ need, message: `Cannot use ${name}: ${problem}. Needed because ${why}. To get it: ${howToGet}` }]
  })
}

function problemWith(need: Need, environment: Environment): string | undefined {
  const { probe, least } = prerequisites[need]
  const path = environment['PATH'] ?? ''
  const isThere = (name: string): boolean => findOnPath(name, path) !== undefined
  if (need === 'apt' && isThere('apt-get') && isThere('dpkg-deb')) return undefined
  if (!isThere(probe[0])) return `there is no \`${probe[0]}\` on PATH`
  return least === undefined ? undefined : problemWithVersion(probe, least, environment)
}

function problemWithVersion(
  [program, ...args]: readonly [string, ...string[]],
  least: readonly number[],
  environment: Environment,
): string | undefined {
  const result = spawnSync(program, args, { encoding: 'utf8', env: environment, timeout: 30_000 })
  const said = `${result.stdout}${result.stderr}`.trim()
  if (result.status !== 0) return `\`${[program, ...args].join(' ')}\` failed: ${said.split('\n').at(-1) ?? ''}`
  const version = versionIn(said)
  if (version !== undefined && isAtLeast(version, least)) return undefined
  return `it is ${version?.join('.') ?? said}, and at least ${least.join('.')} is needed`
}
