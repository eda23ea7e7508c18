export * from './subscription/index.ts'
export * from './store/index.ts'
export * from './fleet/index.ts'
export * from './serve/index.ts'
