import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { pack } from 'tar-stream'

const compress = promisify(gzip)
// Bundles are made once and read over a fast network: speed before size.
const compressionLevel = 1

export interface ArchiveFile {
  readonly name: string
  readonly content: string | Buffer
}

/** A `.tar.gz` of these files; the same files give the same bytes. */
export async function archiveOf(files: readonly ArchiveFile[]): Promise<Buffer> {
  const tape = pack()
  const chunks: Buffer[] = []
  const isRead = new Promise<void>((resolve, reject) => {
    tape.on('data', (chunk) => {
      if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
    })
    tape.on('end', () => resolve())
    tape.on('error', reject)
  })
  for (const { name, content } of files) tape.entry({ name, mode: 0o644, mtime: new Date(0) }, content)
  tape.finalize()
  await isRead
  return compress(Buffer.concat(chunks), { level: compressionLevel })
}
