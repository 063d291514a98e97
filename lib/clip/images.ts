import type { Clip as NativeClip, Pixels, ResizeOptions, Task } from '../../binding'
import { type DecodeOptions, decodeImage } from '../image/decode'
import { type ImageInputs, imageCount, imageStream } from '../image/input'
import { mapOrdered } from '../image/stream'
import { abortedError, type Tensor } from '../options'

export interface EncodeStreamOptions extends DecodeOptions {
  resize: ResizeOptions
  normalize: boolean
  batchSize: number
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number | undefined) => void) | undefined
}

/** Decoded pixels of a batch stay below this, whatever the batch size: 16 photographs of a phone are 600 MB. */
const pixelsAtOnce = 48_000_000
const decodesAtOnce = 4

/** Encodes a stream: while one batch is in the towers, the next one is decoded. -> [n, embedDim] */
export async function encodeImages(
  native: NativeClip,
  embedDim: number,
  images: ImageInputs,
  options: EncodeStreamOptions,
  task: Task,
): Promise<Tensor> {
  const total = imageCount(images)
  const parts: Float32Array[] = []
  let rows = 0
  let running: Promise<void> | undefined
  const encode = async (batch: Pixels[]) => {
    const { data } = await native.encodeImage(
      batch,
      { ...options.resize, normalize: options.normalize, batchSize: options.batchSize },
      task,
    )
    parts.push(data)
    rows += batch.length
    options.onProgress?.(rows, total)
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
    if (options.signal?.aborted) throw abortedError(options.signal)
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

async function* batches(images: ImageInputs, options: EncodeStreamOptions): AsyncGenerator<Pixels[]> {
  let batch: Pixels[] = []
  let pixels = 0
  const decode = (image: Parameters<typeof decodeImage>[0]) => decodeImage(image, { orient: options.orient, maxPixels: options.maxPixels })
  for await (const image of mapOrdered(imageStream(images), decode, { concurrency: decodesAtOnce, signal: options.signal })) {
    batch.push(image)
    pixels += image.width * image.height
    if (batch.length < options.batchSize && pixels < pixelsAtOnce) continue
    yield batch
    batch = []
    pixels = 0
  }
  if (batch.length > 0) yield batch
}
