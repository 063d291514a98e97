import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors.js'

/** Writes beside, syncs, then renames: a reader sees the old file or the whole new one. Makes the folder. */
export async function writeAtomic(file: string, data: string | Uint8Array): Promise<void> {
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString('hex')}.partial`)
  try {
    await mkdir(path.dirname(file), { recursive: true })
    const handle = await open(beside, 'w')
    try {
      await handle.writeFile(data)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, file)
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => {})
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot write ${file}: ${(cause as Error).message}`, { cause })
  }
}
