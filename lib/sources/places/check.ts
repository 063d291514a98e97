import type { ImagePlace } from '../../archive/types'
import { invalidArgument, WordmaskError } from '../../errors'
import { storeOf } from '../../storage'
import { schemeOf } from '../../storage/uri'
import { isGzip, isTar } from '../endings'

/** Scheme of images that an iterable gave as bytes. */
export const itemScheme = 'item'
export const itemUri = (id: string): string => `${itemScheme}://${encodeURIComponent(id)}`

/**
 * What a place can be: a file, a range of a file, a member of a compressed tar.
 *
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, and ERR_WORDMASK_FILE_NOT_FOUND for images that lie nowhere
 */
export function kindOfPlace(place: ImagePlace): 'file' | 'range' | 'unpacked' {
  const { uri, key, offset, length } = place
  if (typeof uri !== 'string' || uri === '') throw invalidArgument('place.uri', 'a path or URI', uri)
  if (schemeOf(uri) === itemScheme)
    throw new WordmaskError(
      'ERR_WORDMASK_FILE_NOT_FOUND',
      `The image ${uri} was given as bytes and lies in no file. Give paths to archive.add to have images that can be looked at later`,
    )
  if (offset !== undefined || length !== undefined) {
    if (!isCount(offset)) throw invalidArgument('place.offset', 'a number of bytes', offset)
    if (!isCount(length)) throw invalidArgument('place.length', 'a number of bytes', length)
    return 'range'
  }
  if (key === undefined) return 'file'
  if (isTar(uri) && isGzip(uri)) return 'unpacked'
  throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The image ${key} of ${uri} lies in no file that wordmask can read`)
}

/**
 * Looks whether an image still lies where its row says, without reading it: the file is there; before the range stands a tar header
 * with this length.
 *
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO where the shard is another by now
 */
export async function checkPlace(place: ImagePlace, options: { signal?: AbortSignal } = {}): Promise<void> {
  const kind = kindOfPlace(place)
  const store = await storeOf(place.uri)
  const { bytes } = await store.stat(place.uri, options)
  if (kind !== 'range') return
  const { uri, key, offset = 0, length = 0 } = place
  if (offset + length > bytes) throw changed(uri, `it has ${bytes} bytes, and the image would end at ${offset + length}`)
  if (key === undefined || offset < 512) return
  const header = await store.read(uri, { ...options, range: { offset: offset - 512, length: 512 } })
  if (!isHeader(header, length)) throw changed(uri, `before byte ${offset} there is no tar header of ${length} bytes for ${key}`)
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const changed = (uri: string, what: string) =>
  new WordmaskError('ERR_WORDMASK_IO', `${uri} is not what it was when it was added to the archive: ${what}. Add it again`)

/** Checksum and size of a ustar header; sizes of 8 GiB and more are written elsewhere and not compared. */
function isHeader(block: Buffer, length: number): boolean {
  const octal = (from: number, to: number) => Number.parseInt(block.toString('latin1', from, to).replace(/[\0 ]/g, ''), 8)
  let sum = 8 * 32
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += block[i] as number
  return sum === octal(148, 156) && (block[124] === 0x80 || octal(124, 136) === length)
}
