import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { newerFormat, WordmaskError } from '../errors'
import { writeAtomic } from '../run/atomic'
import type { CuratedClass, CuratedImage, CuratedOrigin, CuratedSet } from './curated-set'

export const curatedFileName = 'curated.jsonl'
const format = 'wordmask-curated'
const version = 1

interface Header {
  format: typeof format
  version: number
  key: string
  /** Lines that follow: fewer mean that the file was cut off. */
  images: number
  origin: CuratedOrigin
  classes: Omit<CuratedClass, 'images'>[]
}

export async function saveCurated(file: string, set: CuratedSet): Promise<void> {
  const classes = set.classes.map(({ images: _, ...rest }) => rest)
  const header: Header = { format, version, key: set.key, images: set.size, origin: set.origin, classes }
  const lines = [JSON.stringify(header)]
  for (const { vector: _, ...image } of set.images()) lines.push(JSON.stringify(image))
  await writeAtomic(file, `${lines.join('\n')}\n`)
}

/** What saveCurated wrote; a folder stands for its curated.jsonl. */
export async function loadCurated(given: string): Promise<{ classes: CuratedClass[]; origin: CuratedOrigin }> {
  const found = await stat(given).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `There is no curated set ${given}. Make one with: wordmask curate`, { cause })
  })
  const file = found.isDirectory() ? path.join(given, curatedFileName) : given
  let header: Header | undefined
  const images = new Map<string, CuratedImage[]>()
  let count = 0
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (header === undefined) {
        header = checkHeader(JSON.parse(line), file)
        for (const { entry } of header.classes) images.set(entry.name, [])
        continue
      }
      if (line === '') continue
      const image = JSON.parse(line) as CuratedImage
      images.get(image.class)?.push(image)
      count++
    }
  } catch (cause) {
    if (cause instanceof WordmaskError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `There is no ${file}. Make one with: wordmask curate`, { cause })
    throw notOurs(file, cause)
  }
  if (header === undefined) throw notOurs(file)
  if (count !== header.images)
    throw new WordmaskError(
      'ERR_WORDMASK_IO',
      `${file} holds ${count} of ${header.images} images: it was cut off. Make it again with: wordmask curate`,
    )
  return { origin: header.origin, classes: header.classes.map((one) => ({ ...one, images: images.get(one.entry.name) as CuratedImage[] })) }
}

function checkHeader(header: Header, file: string): Header {
  if (header?.format !== format || !Array.isArray(header.classes)) throw notOurs(file)
  if (!(header.version <= version)) throw newerFormat(file, header.version, version)
  return header
}

function notOurs(file: string, cause?: unknown): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_IO', `Expected a curated.jsonl written by wordmask, but ${file} is none`, { cause })
}
