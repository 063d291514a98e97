import sharp from 'sharp'
import type { SourceImage } from '../archive/types'
import { isObject } from '../arguments'
import { invalidArgument, WordmaskError } from '../errors'
import { checkRawImage, type ImageInput, type RawImage } from '../image/input'
import { isWeb, normalUri } from '../storage/uri'
import { readWhole } from './bytes'
import { itemUri } from './places/check'
import { metadataOf } from './scalars'
import type { Context, Found, ImageItem, Piece, Source } from './types'

/** Images that a program gives one by one. What the iterable throws is thrown as it is. */
export class ItemsSource implements Source {
  readonly name = 'the iterable'
  readonly looked = '{ id, image, metadata }'
  constructor(private readonly items: Iterable<ImageItem> | AsyncIterable<ImageItem>) {}

  async *images(_: Context): AsyncGenerator<Found, void, undefined> {
    for await (const item of this.items) yield { name: item.id, image: itemImage(item) }
  }

  // biome-ignore lint/correctness/useYield: nothing of it can be named
  async *pieces(): AsyncGenerator<Piece, void, undefined> {
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      'An iterable lives in this process only, so it cannot be cut into shards for others. Give a folder, a list or tars, or use archive.add here',
    )
  }
}

function itemImage(item: ImageItem): SourceImage {
  if (!isObject(item)) throw invalidArgument('an item', '{ id, image, caption?, metadata? }', item)
  const { id, image, caption, metadata } = item
  if (typeof id !== 'string' || id === '') throw invalidArgument('item.id', 'a string that no other image has', id)
  if (caption !== undefined && typeof caption !== 'string') throw invalidArgument('item.caption', 'a string', caption)
  if (metadata !== undefined && !isObject(metadata))
    throw invalidArgument('item.metadata', 'an object of strings, numbers and booleans', metadata)
  return {
    id,
    ...place(id, image),
    ...(caption !== undefined && { caption }),
    ...(metadata !== undefined && { metadata: metadataOf(metadata) }),
  }
}

function place(id: string, image: ImageInput): Pick<SourceImage, 'uri' | 'bytes'> {
  if (typeof image === 'string') {
    const uri = normalUri(image)
    if (isWeb(uri))
      throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `wordmask does not crawl: give the bytes of ${uri}, not its address`)
    return { uri, bytes: (signal) => readWhole(uri, signal) }
  }
  if (image instanceof Uint8Array) return { uri: itemUri(id), bytes: async () => image }
  if (!isObject(image) || !('data' in image))
    throw invalidArgument('item.image', 'a path, an encoded Buffer or { data, width, height, channels: 3 }', image)
  checkRawImage(image as RawImage)
  return { uri: itemUri(id), bytes: () => encoded(image as RawImage) }
}

/** Without loss. */
function encoded({ data, width, height, channels }: RawImage): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 1 }).toBuffer()
}
