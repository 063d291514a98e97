import type { Pixels, Task } from '../../binding'
import { type DecodeOptions, decodeImage } from '../image/decode'
import { type ImageInput, type ImageInputs, imageCount, imageStream } from '../image/input'
import { mapOrdered } from '../image/stream'
import type { RunOptions, Tensor } from '../options'
import { orAbort, withSignal } from '../task'
import type { OpenClip } from './open'
import type { EncodeImageOptions } from './options'

interface StreamOptions extends DecodeOptions, RunOptions {
  normalize: boolean
  batchSize: number
}

/** Decoded pixels of a batch stay below this, whatever the batch size: 16 photographs of a phone are 600 MB. */
const pixelsAtOnce = 48_000_000
const decodesAtOnce = 4

/** Clip.encodeImage; the options are checked. */
export async function encodeImages(model: OpenClip, images: ImageInputs, options: EncodeImageOptions): Promise<Tensor> {
  const { batchSize = 16, normalize = true, ...rest } = options
  return withSignal(rest.signal, (task) => encodeStream(model, images, { ...rest, batchSize, normalize }, task))
}

/** While one batch is in the towers, the next one is decoded. -> [n, embedDim] */
async function encodeStream({ native, source }: OpenClip, images: ImageInputs, options: StreamOptions, task: Task): Promise<Tensor> {
  const { normalize, batchSize, onProgress } = options
  const { embedDim } = source.config
  const total = imageCount(images)
  const parts: Float32Array[] = []
  let rows = 0
  let running: Promise<void> | undefined
  const encode = async (batch: Pixels[]) => {
    const { data } = await native.encodeImage(batch, { ...source.preprocess, normalize, batchSize }, task)
    parts.push(data)
    rows += batch.length
    onProgress?.(rows, total)
  }
  const send = async (batch: Pixels[]) => {
    await running
    running = encode(batch)
    // Awaited before the next batch or at the end; decoding may fail first.
    running.catch(() => {})
  }
  try {
    for await (const batch of batches(images, options)) await send(batch)
    await running
  } catch (error) {
    await running?.catch(() => {})
    throw error
  }
  const data = new Float32Array(rows * embedDim)
  let offset = 0
  for (const part of parts) {
    data.set(part, offset)
    offset += part.length
  }
  return { data, shape: [rows, embedDim] }
}

async function* batches(images: ImageInputs, { orient, maxPixels, batchSize, signal }: StreamOptions): AsyncGenerator<Pixels[]> {
  let batch: Pixels[] = []
  let pixels = 0
  const decode = (image: ImageInput, _: number, stop: AbortSignal) => orAbort(decodeImage(image, { orient, maxPixels }), stop)
  for await (const image of mapOrdered(imageStream(images), decode, { concurrency: decodesAtOnce, signal })) {
    batch.push(image)
    pixels += image.width * image.height
    if (batch.length < batchSize && pixels < pixelsAtOnce) continue
    yield batch
    batch = []
    pixels = 0
  }
  if (batch.length > 0) yield batch
}
