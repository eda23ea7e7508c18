// What is served: content-addressed resources by group, the last good of each, and what is held back.
export type { Resources, Target } from './group.ts'
export { keyOf, routeConfigurationOf } from './references.ts'
export { Store } from './store.ts'
export type { Change } from './store.ts'
