import { ReadableStream } from 'node:stream/web'
import { isObject } from '../arguments'
import { WordmaskError } from '../errors'

/**
 * For calls that take many images: a stream of bytes can be iterated, but what comes are pieces of a file and not images.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT
 */
export function refuseByteStream(name: string, given: unknown): void {
  if (!isByteStream(given)) return
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Expected images for ${name} but received a stream of bytes, which come in pieces that are no images. Give the path of the file, or a ` +
      'Buffer of all of it: await buffer(stream), of node:stream/consumers',
  )
}

function isByteStream(given: unknown): boolean {
  if (given instanceof ReadableStream) return givesBytes(given)
  return isObject(given) && given.readableObjectMode === false
}

/** Only a stream of bytes has a reader that brings its own buffer, as the body of an answer has. */
function givesBytes(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}
