import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidArgument, WordmaskError } from '../errors'
import { indexFile } from '../segmenter/saved'
import type { Segmenter } from '../segmenter/segmenter'
import { sha256File } from '../setup/hash'

/**
 * sha256 over what decides the answers of a saved segmenter: wordmask.json, which holds the hashes of all weights, and the text
 * vectors and references beside it. What else lies in the folder, such as a training's curves, is left aside.
 * @throws ERR_WORDMASK_FILE_NOT_FOUND where there is none
 */
export async function segmenterHash(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const file of [indexFile, 'text.safetensors', ...(await referenceFiles(folder))]) {
    const sum = await sha256File(join(folder, file)).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' && file !== indexFile) return undefined
      throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No segmenter in ${folder}: ${file} cannot be read (${cause.code})`, { cause })
    })
    if (sum !== undefined) hash.update(`${file}\0${sum}\n`)
  }
  return hash.digest('hex')
}

const referenceFiles = async (folder: string) => {
  const names = await readdir(join(folder, 'references')).catch(() => [])
  return names
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => join('references', name))
}

/**
 * A segmenter that lies in no folder, kept in one for the workers; the same segmenter again changes nothing there.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT where the folder holds another one
 */
export async function keepSegmenter(segmenter: Segmenter, folder: string, signal: AbortSignal | undefined): Promise<string> {
  const beside = join(folder, '..', `.segmenter.${randomBytes(4).toString('hex')}.partial`)
  try {
    await segmenter.save(beside, signal && { signal })
    const own = await segmenterHash(beside)
    const there = await segmenterHash(folder).catch(() => undefined)
    if (there !== undefined && there !== own) throw invalidArgument('into', `a folder without another segmenter in ${folder}`, folder)
    if (there === undefined) {
      const names = await readdir(folder).catch((): string[] => [])
      if (names.length > 0 && !names.includes('wordmask.json'))
        throw invalidArgument('into', `a folder in which ${folder} is free, or a segmenter`, folder)
      await rm(folder, { recursive: true, force: true })
      await rename(beside, folder)
    }
    return own
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}
