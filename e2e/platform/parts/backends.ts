import { join } from 'node:path'
import { ask } from '../http.ts'
import type { Part } from '../part.ts'
import type { Site } from '../site.ts'
import { versions } from '../tools.ts'

/** The HTTP APIs behind the demo's Tools, one for each of its organisations. */
export function backendsPart(site: Site): Part {
  const { backendAcme, backendGlobex } = site.ports
  return {
    name: 'backends',
    version: versions.own,
    port: backendAcme,
    needs: [],
    readyTimeoutMs: 30_000,
    stop: { signal: 'SIGTERM', graceMs: 5_000 },
    prepare: () => Promise.resolve(),
    command: () => ({
      file: site.tools.node,
      args: [join(site.root, 'e2e', 'backend', 'main.ts'), `acme=${backendAcme}`, `globex=${backendGlobex}`],
      cwd: site.root,
    }),
    probe: async (signal) => {
      await Promise.all([backendAcme, backendGlobex].map((port) => ask({ url: `http://127.0.0.1:${port}/` }, signal)))
    },
    settle: () => Promise.resolve(),
  }
}
