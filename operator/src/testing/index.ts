// For tests of other workspaces: a world with an operator in it, and the verbs of a scenario.
export { emergencyGroup } from './manifests.ts'
export { stepsIn } from './steps.ts'
export type { Steps } from './steps.ts'
export { startWorld, systemNamespace } from './world.ts'
export type { World, WorldOptions } from './world.ts'
