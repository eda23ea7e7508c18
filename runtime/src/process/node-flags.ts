/**
 * How Node is started where a process of ours is to stay small. By itself it lets what lives for a moment fill up to 48 MiB
 * before it looks for what can go; 12 MiB take little more of a core.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=4']
