export type { Kstatus, KstatusObject } from './kstatus.ts'
export { kstatus } from './kstatus.ts'
