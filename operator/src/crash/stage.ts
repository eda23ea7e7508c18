import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestIssuer } from '@bulkhead/identity/testing'
import type { TestIssuer } from '@bulkhead/identity/testing'
import type { KubeKind } from '@bulkhead/runtime'
import { startWorld } from '../testing/world.ts'
import type { World } from '../testing/world.ts'
import { answerAsIssuer } from './issuer.ts'
import { readPlaces } from './places.ts'
import { openPostgresEye } from './postgres-state.ts'
import type { PostgresEye } from './postgres-state.ts'
import { eyeOfDouble, eyeOfKeycloak } from './realm-eye.ts'
import type { RealmEye } from './realm-eye.ts'
import { startWire } from './wire.ts'
import type { Wire } from './wire.ts'

/** A world in which many operators run, each behind a wire of its own. */
export interface Ground {
  readonly world: World
  readonly wire: Wire
  /** For files that nobody needs afterwards. */
  readonly folder: string
}

/** One in which everything can be looked at. */
export interface Stage extends Ground {
  readonly realms: RealmEye
  readonly issuer: TestIssuer
  readonly postgres: PostgresEye
  /** The kinds that can be in a tenant's namespace. */
  readonly places: readonly KubeKind[]
  /** Of the whole test. */
  readonly signal: AbortSignal
  stop(): Promise<void>
}

/** Lays a wire through a world. */
export async function openGround(world: World): Promise<Ground & { readonly close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-wire-'))
  const wire = await startWire(world.api.kubeconfigPath, world.keycloak.url)
  return {
    ...{ world, wire, folder },
    close: async () => {
      await wire.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Opens one, with the real API server and Postgres and the double of Keycloak, or the real one. */
export async function openStage(keycloak: 'double' | 'real' = 'double'): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-crash-'))
  const issuer = await startTestIssuer()
  issuer.answer(answerAsIssuer(issuer.url))
  const issuerCaFile = join(folder, 'ca.crt')
  await writeFile(issuerCaFile, issuer.caCert)
  const world = await startWorld({ keycloak, issuerCaFile })
  const { double } = world
  const realms = double === undefined ? eyeOfKeycloak(world.keycloak) : eyeOfDouble(double)
  const ground = await openGround(world)
  const postgres = await openPostgresEye(world.postgres)
  return {
    ...{ ...ground, realms, issuer, postgres, places: await readPlaces() },
    signal: AbortSignal.timeout(3_600_000),
    stop: async () => {
      await postgres.close()
      await ground.close()
      await world.stop()
      await issuer.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
