import { WordmaskError } from '../errors'
import { storeOf } from '../storage'

/** Largest image file that is read, in bytes; what is larger is rejected, for it would be held as a whole. */
export const maxImageBytes = 256 << 20
const maxCaptionBytes = 64 << 10

/**
 * A whole file, by one request.
 * @throws ERR_WORDMASK_IMAGE_TOO_LARGE above `limit`; what the store throws
 */
export async function readWhole(uri: string, signal?: AbortSignal, limit = maxImageBytes): Promise<Buffer> {
  const store = await storeOf(uri)
  if (store.scheme === 'file') {
    checkImageBytes(uri, (await store.stat(uri, { signal })).bytes, limit)
    return store.read(uri, { signal })
  }
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of store.stream(uri, { signal })) {
    bytes += piece.length
    checkImageBytes(uri, bytes, limit)
    pieces.push(piece)
  }
  return Buffer.concat(pieces, bytes)
}

export function checkImageBytes(name: string, bytes: number, limit = maxImageBytes): void {
  if (bytes > limit)
    throw new WordmaskError('ERR_WORDMASK_IMAGE_TOO_LARGE', `${name} has more than ${limit} bytes, which is the most a file here may have`)
}

/** The text file of an image's name; undefined where there is none or it is blank. */
export async function captionBeside(uri: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    return captionText(await readWhole(uri.replace(/\.[^./]*$/, '.txt'), signal, maxCaptionBytes))
  } catch (error) {
    if (error instanceof WordmaskError && error.code === 'ERR_WORDMASK_FILE_NOT_FOUND') return undefined
    throw error
  }
}

/** UTF-8, other bytes as U+FFFD; white space at the ends is no part of it. */
export function captionText(bytes: Uint8Array): string | undefined {
  return new TextDecoder().decode(bytes).trim() || undefined
}
