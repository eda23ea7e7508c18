// What tests of other rooms need from here: time that moves only when told, and ways to wait without sleeping.
export { TestClock } from './test-clock.ts'
export { advanceUntil, advanceWithIo, until } from './until.ts'
export { freePort } from './free-port.ts'
export { startFaultProxy } from './fault-proxy.ts'
export type { Direction, Fault, FaultProxy } from './fault-proxy.ts'
export { parseDatabaseUrl } from './database-url.ts'
export type { DatabaseServer } from './database-url.ts'
