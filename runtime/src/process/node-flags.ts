/**
 * How Node is started where a process of ours is to stay small. By itself it lets what lives for a moment fill up to 48 MiB
 * before it looks for what can go, and lets everything else grow to several times of what is in use; 12 MiB and half as
 * much again cost no measurable part of a core.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=4', '--heap-growing-percent=50']
