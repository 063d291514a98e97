import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'

/**
 * Writes beside, then renames: a reader sees the old file or the whole new one, also after a crash of the process. `sync`
 * waits for the disk as well, for the few files that must survive a power cut. Makes the folder.
 */
export async function writeAtomic(file: string, data: string | Uint8Array, { sync = false } = {}): Promise<void> {
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString('hex')}.partial`)
  try {
    await mkdir(path.dirname(file), { recursive: true })
    const handle = await open(beside, 'w')
    try {
      await handle.writeFile(data)
      if (sync) await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, file)
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => {})
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot write ${file}: ${(cause as Error).message}`, { cause })
  }
}
