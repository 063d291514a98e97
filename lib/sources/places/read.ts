import type { ImagePlace } from '../../archive/types'
import { WordmaskError } from '../../errors'
import { storeOf } from '../../storage'
import { readWhole } from '../bytes'
import { TornTar, tarMembers } from '../tar/members'
import { kindOfPlace } from './check'

/**
 * The bytes of one image file, by one request; of a compressed tar by unpacking it from the beginning up to the image.
 *
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO, ERR_WORDMASK_IMAGE_TOO_LARGE
 */
export async function readPlace(place: ImagePlace, { signal }: { signal?: AbortSignal } = {}): Promise<Buffer> {
  const kind = kindOfPlace(place)
  const { uri, key, offset = 0, length = 0 } = place
  if (kind === 'file') return readWhole(uri, signal)
  if (kind === 'range') return (await storeOf(uri)).read(uri, { range: { offset, length }, signal })
  for await (const { bytes } of unpacked(uri, new Set([key!]), signal)) return bytes
  throw missing(uri, key!)
}

export const missing = (uri: string, key: string) => new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${uri} has no member ${key}`)

/** Members of a compressed tar by name, the first of each, in the order of the tar; reads no further than needed. */
export async function* unpacked(
  uri: string,
  keys: ReadonlySet<string>,
  signal?: AbortSignal,
): AsyncGenerator<{ key: string; bytes: Buffer }> {
  const wanted = new Set(keys)
  const stream = (await storeOf(uri)).stream(uri, { signal })
  try {
    for await (const member of tarMembers(stream, { gzip: true, signal })) {
      if (!wanted.delete(member.name)) continue
      yield { key: member.name, bytes: await member.data() }
      if (wanted.size === 0) return
    }
  } catch (error) {
    if (!(error instanceof TornTar)) throw error
    throw new WordmaskError('ERR_WORDMASK_IO', `${uri} is torn at byte ${error.at}: ${error.message}`, { cause: error })
  }
}
