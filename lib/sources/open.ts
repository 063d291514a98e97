import { createHash } from 'node:crypto'
import type { Shard, SourceImage } from '../archive/types'
import { invalidArgument, WordmaskError } from '../errors'
import { throwIfAborted } from '../options'
import { redact } from '../redact'
import { storeOf } from '../storage'
import { normalUri } from '../storage/uri'
import { BoxFile } from './crops/boxes'
import { boxCropper, type Cropper, tileCropper } from './crops/crops'
import { dumpPieceImages } from './dump/images'
import { eachSource, type Seen } from './each'
import { pieceImages } from './files'
import { checkVersion, listPieceImages } from './list/source'
import { checkPlanOptions, checkShardOptions, checkSourceOptions, contextOf, parseTiles } from './options'
import { type PieceSource, parseShardSource, type ShardSource } from './piece'
import { tarImages } from './tar/source'
import type { Context, Found, PlanOptions, ShardOptions, SourceInput, SourceOptions } from './types'

/**
 * The images of all sources, in a fixed order: that of the sources, within a folder that of the path's bytes, within tars and lists theirs.
 * What cannot be read is told to `onReject` or thrown by the image's `bytes()`; the stream goes on. Nothing is collected: memory
 * is that of a folder's names, one Parquet row group, or the bytes of the tar members that the reader holds.
 *
 * @throws ERR_WORDMASK_FILE_NOT_FOUND for a source in which there is no image, ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_ABORTED, and
 * ERR_WORDMASK_IO where a store fails, which says nothing about the images
 */
export async function* openSource(
  sources: SourceInput | readonly SourceInput[],
  options: SourceOptions = {},
): AsyncGenerator<SourceImage, void, undefined> {
  const checked = checkSourceOptions(options)
  const context = contextOf(checked)
  throwIfAborted(context.signal)
  const cropper = await cropperOf(await cropsOf(checked), context)
  let first: string | undefined
  for await (const { source, seen, context: own } of eachSource(sources, context)) {
    const images = tallied(source.images(own), seen)
    if (cropper) yield* cropper.crops(images, own)
    else for await (const { image } of images) yield image
    first ??= seen.first
  }
  if (first !== undefined && cropper?.matched === 0) throw noBoxes(checked, first)
}

/**
 * The same images as pieces of work: a tar is a shard, longer lists and folders are cut into slices of `shardSize`. The same sources give
 * the same shards with the same ids. Ids are those of the description: a tar or list that changes gives another, an image file that
 * changes under its name does not.
 *
 * @throws as openSource; ERR_WORDMASK_INVALID_ARGUMENT for an iterable
 */
export async function* planShards(
  sources: SourceInput | readonly SourceInput[],
  options: PlanOptions = {},
): AsyncGenerator<Shard, void, undefined> {
  const { shardSize = 2000, ...rest } = checkPlanOptions(options)
  const context = contextOf(rest)
  throwIfAborted(context.signal)
  const { captions, root } = context
  const crops = await cropsOf(rest)
  for await (const { source, seen, context: own } of eachSource(sources, context)) {
    for await (const piece of source.pieces(own, shardSize)) {
      throwIfAborted(context.signal)
      seen.images++
      const made: ShardSource = { version: 1, captions, ...crops, ...(root !== undefined && { root }), piece: piece.source }
      const id = createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 32)
      const { name, images, files } = piece
      // Crops are more or fewer than images.
      const count = images !== undefined && crops.boxes === undefined && crops.tiles === undefined ? { images } : {}
      yield { id, name: redact(name), source: made, ...count, ...(files && { files }) }
    }
  }
}

/**
 * The images of one shard, on any machine that reaches its files: the same as openSource gives.
 *
 * @throws ERR_WORDMASK_IO where the tar or list is another than it was when the shard was planned
 */
export async function* openShard(
  shard: Pick<Shard, 'name' | 'source'>,
  options: ShardOptions = {},
): AsyncGenerator<SourceImage, void, undefined> {
  const { source, context } = opened(shard, options)
  const cropper = await cropperOf(source, context)
  const images = imagesOf(source.piece, context)
  if (cropper) yield* cropper.crops(images, context)
  else for await (const { image } of images) yield image
}

/** The whole images of one shard with the path of each below its source; of a tar its member's. @throws as openShard */
export async function* openNamedShard(
  shard: Pick<Shard, 'name' | 'source'>,
  options: ShardOptions = {},
): AsyncGenerator<Found, void, undefined> {
  const { source, context } = opened(shard, options)
  yield* imagesOf(source.piece, context)
}

function opened(shard: Pick<Shard, 'name' | 'source'>, options: ShardOptions): { source: ShardSource; context: Context } {
  const source = parseShardSource(shard?.name, shard?.source)
  const context = contextOf({ ...checkShardOptions(options), captions: source.captions, root: source.root })
  throwIfAborted(context.signal)
  return { source, context }
}

async function* imagesOf(piece: PieceSource, context: Context): AsyncGenerator<Found, void, undefined> {
  switch (piece.kind) {
    case 'files':
      return yield* pieceImages(piece, context)
    case 'tar':
      return yield* tarImages(await checkVersion(piece.uri, piece.version, context), context, piece.members)
    case 'list':
      return yield* listPieceImages(piece, context)
    case 'clip-retrieval':
      return yield* dumpPieceImages(piece, context)
  }
}

type Crops = Pick<ShardSource, 'tiles' | 'boxes'>

async function cropsOf({ tiles, boxes, signal }: SourceOptions): Promise<Crops> {
  const grid = parseTiles(tiles)
  if (boxes === undefined) return grid ? { tiles: grid } : {}
  if (grid) throw invalidArgument('tiles', 'tiles or boxes, not both (add the images twice to have both)', tiles)
  const { uri, minConfidence = 0 } = typeof boxes === 'string' ? { uri: boxes } : boxes
  const { version } = await (await storeOf(uri)).stat(uri, { signal })
  return { boxes: { uri: normalUri(uri), minConfidence, ...(version !== undefined && { version }) } }
}

/** The file of boxes that was read last: shards follow one another. */
let lastFile: { key: string; file: Promise<BoxFile> } | undefined

async function cropperOf({ tiles, boxes }: Crops, context: Context): Promise<Cropper | undefined> {
  if (tiles) return tileCropper(tiles)
  if (!boxes) return undefined
  await checkVersion(boxes.uri, boxes.version, context)
  const key = JSON.stringify(boxes)
  if (lastFile?.key !== key) {
    const file = BoxFile.read(boxes.uri, boxes.minConfidence)
    lastFile = { key, file }
    file.catch(() => {
      if (lastFile?.file === file) lastFile = undefined
    })
  }
  return boxCropper(await lastFile!.file)
}

async function* tallied(images: AsyncIterable<Found>, seen: Seen): AsyncGenerator<Found, void, undefined> {
  for await (const found of images) {
    seen.images++
    seen.first ??= found.name
    yield found
  }
}

function noBoxes({ boxes }: SourceOptions, first: string): WordmaskError {
  const uri = typeof boxes === 'string' ? boxes : boxes?.uri
  return new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `${uri} has boxes of none of the images. Names are compared as paths below the source, such as ${JSON.stringify(first)}`,
  )
}
