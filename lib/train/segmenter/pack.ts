import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { binding } from '../../binding'
import { WordmaskError } from '../../errors'
import { decodeImage } from '../../image/decode'
import { orientationOf } from '../../image/label-folder'
import { readLabelMap } from '../../image/labels'
import { mapOrdered } from '../../image/stream'
import { type RunOptions, throwIfAborted } from '../../options'
import { failureOf } from '../../segmenter/segmentation'
import { makeFolder } from '../../setup/make-folder'
import { withSignal } from '../../task'
import type { LabelledFolder } from './options'
import { fingerprint, labelsOf, listPairs, type Pair } from './pairs'

export interface PackOptions extends RunOptions {
  size: { width: number; height: number }
  /** Class of every label value: see fitPicture in binding.d.ts. */
  lookup: Uint8Array
  onReject?: ((image: string, error: WordmaskError) => void) | undefined
}

/** The pictures of a folder, and what changes with them and with how they are packed. */
export interface Pictures {
  pairs: readonly Pair[]
  /** Whether the label maps lie on the upright pictures, or on those as stored. */
  orient: boolean
  fingerprint: string
}

export async function findPictures(folder: LabelledFolder, { size, lookup, signal }: PackOptions): Promise<Pictures> {
  const pairs = await listPairs(folder, signal)
  const orient = await orientationOf(folder.labels)
  const fit = [size, Buffer.from(lookup).toString('base64'), ...(orient ? [] : ['as stored'])]
  return { pairs, orient, fingerprint: await fingerprint(pairs, folder, fit) }
}

export interface Packed {
  file: string
  count: number
  rejected: number
}

/** fitPicture's value for labels that count nowhere. */
export const ignored = 255

/** Where the rows of packed pictures begin. */
export const headerBytes = 1024

/**
 * Pictures and label maps of a folder as one file that the native trainer maps into memory: resized, cut to one size, a row a
 * picture (binding.d.ts). It is written beside and renamed; one that was made of the same files in the same way is used again. A picture that
 * cannot be read, or has no label map of its size, is reported and left out.
 * @throws ERR_WORDMASK_CLASSES for a label value without a class, or where no pixel has one, ERR_WORDMASK_FILE_NOT_FOUND where nothing is left, ERR_WORDMASK_IO
 */
export async function packPictures(folder: LabelledFolder, pictures: Pictures, file: string, options: PackOptions): Promise<Packed> {
  const { size } = options
  const { fingerprint: print } = pictures
  const before = await readHeader(file)
  if (before?.fingerprint === print) return { file, count: before.count, rejected: before.rejected }
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString('hex')}.partial`)
  await makeFolder(path.dirname(file))
  await removeUnfinished(file)
  try {
    const handle = await open(beside, 'w').catch(cannotWrite(file))
    let counts: Pick<Packed, 'count' | 'rejected'>
    try {
      counts = await writeRows(handle, pictures, folder, options)
      await handle.write(header(size, counts, print), 0, headerBytes, 0).catch(cannotWrite(file))
    } finally {
      await handle.close()
    }
    await rename(beside, file).catch(cannotWrite(file))
    return { file, ...counts }
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {})
    throw error
  }
}

/** As large as the pictures, left by a process that was killed. */
async function removeUnfinished(file: string): Promise<void> {
  const { dir, base } = path.parse(file)
  for (const name of await readdir(dir))
    if (name.startsWith(`.${base}.`) && name.endsWith('.partial')) await rm(path.join(dir, name), { force: true })
}

async function writeRows(handle: FileHandle, { pairs, orient }: Pictures, folder: LabelledFolder, options: PackOptions) {
  const { onReject, onProgress } = options
  const work = async (pair: Pair, index: number, signal: AbortSignal) => {
    try {
      return await withSignal(signal, (task) => fitPair(pair, folder, orient, options, task))
    } catch (error) {
      throwIfAborted(options.signal)
      return failureOf(error, index)
    }
  }
  let count = 0
  let rejected = 0
  let labelled = false
  let at = headerBytes
  const all = mapOrdered(pairs, work, { concurrency: 2, ...(options.signal && { signal: options.signal }) })
  for await (const row of all) {
    if ('error' in row) {
      rejected++
      onReject?.((pairs[row.index] as Pair).image, row.error)
    } else {
      for (const bytes of [row.pixels, row.labels]) {
        at += await writeAll(handle, bytes, at).catch(cannotWrite('the packed pictures'))
      }
      count++
      labelled ||= row.labels.some((value) => value !== ignored)
    }
    onProgress?.(count + rejected, pairs.length)
  }
  if (count > 0 && labelled) return { count, rejected }
  if (count > 0)
    throw new WordmaskError(
      'ERR_WORDMASK_CLASSES',
      `No pixel of the label maps in ${folder.labels} is of a class, all are ignored: there is nothing to learn or to measure`,
    )
  throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No image of ${folder.images} can be used with a label map of ${folder.labels}`)
}

/** A write may take a part, as on a disk that is nearly full: the next one then says what is wrong. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<number> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  return bytes.length
}

async function fitPair(pair: Pair, folder: LabelledFolder, orient: boolean, { lookup, size }: PackOptions, task: object) {
  const file = await labelsOf(pair, folder)
  const [image, map] = await Promise.all([decodeImage(pair.image, { orient }), readLabelMap(file)])
  if (map.width !== image.width || map.height !== image.height) {
    throw new WordmaskError(
      'ERR_WORDMASK_IMAGE',
      `${pair.image} is ${image.width} x ${image.height} as ${orient ? 'shown' : 'stored'}, its label map ${map.width} x ${map.height}`,
    )
  }
  const labels = { data: map.labels, width: map.width, height: map.height }
  const row = await binding().fitPicture(image, labels, lookup, size, task)
  if (row.unknown < 0) return row
  throw new WordmaskError(
    'ERR_WORDMASK_CLASSES',
    `${file} holds the label value ${row.unknown}, which is neither a class nor ignored. Name a class for it, or ignore it (ignore, --ignore).`,
  )
}

function header({ width, height }: PackOptions['size'], { count, rejected }: { count: number; rejected: number }, print: string): Buffer {
  const row = 4 * width * height
  const text = JSON.stringify({
    __metadata__: { kind: 'wordmask-pictures', width: `${width}`, height: `${height}`, rejected: `${rejected}`, fingerprint: print },
    samples: { dtype: 'U8', shape: [count, row], data_offsets: [0, count * row] },
  })
  const bytes = Buffer.alloc(headerBytes, ' ')
  bytes.writeBigUInt64LE(BigInt(headerBytes - 8))
  bytes.write(text, 8)
  return bytes
}

interface Header {
  count: number
  rejected: number
  fingerprint: string
}

/** Undefined for a file that is not there, or is none of ours. */
export async function readHeader(file: string): Promise<Header | undefined> {
  const handle = await open(file, 'r').catch(() => undefined)
  if (!handle) return undefined
  try {
    const bytes = Buffer.alloc(headerBytes)
    await handle.read(bytes, 0, headerBytes, 0)
    const { __metadata__: about, samples } = JSON.parse(bytes.toString('utf8', 8))
    return about.kind === 'wordmask-pictures'
      ? { count: samples.shape[0], rejected: Number(about.rejected), fingerprint: about.fingerprint }
      : undefined
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

function cannotWrite(file: string) {
  return (cause: Error): never => {
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot write ${file}: ${cause.message}`, { cause })
  }
}
