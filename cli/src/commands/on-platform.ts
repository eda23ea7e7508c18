import type { Call, Flag } from '../command.ts'
import { openPlatform } from '../platform.ts'
import type { Platform } from '../platform.ts'

/** The operator's own account may not do everything that a person who looks everywhere does. */
export const kubeconfigFlag: Flag = {
  name: 'kubeconfig',
  value: 'FILE',
  help: "who asks Kubernetes; left out: who the configuration's kubeconfig says",
}

/** Runs with connections to every part of the platform, and closes them however it ends. */
export async function onPlatform(call: Call, work: (platform: Platform) => Promise<void>): Promise<void> {
  const platform = await openPlatform(call, call.value('kubeconfig'))
  try {
    await work(platform)
  } finally {
    await platform.close()
  }
}
