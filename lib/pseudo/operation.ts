import type { Shard, SourceImage } from '../archive/types'
import type { OpenOperation, Operation, OperationSpec, ShardContext, ShardOutput } from '../engine/operation'
import { WordmaskError } from '../errors'
import { decodeImage } from '../image/decode'
import { mapOrdered } from '../image/stream'
import { checkOptions } from '../options'
import { failureOf } from '../segmenter/segmentation'
import { Segmenter } from '../segmenter/segmenter'
import { encodeLabelMap } from '../write/label-map'
import { withEnding } from './ending'
import { Labeller, labellingConfig } from './labelling'
import { type LabelledPlace, labelsFile, packLabels, type RejectedPlace, type ShardLabels } from './pack'
import { segmenterHash } from './saved'
import { openLabelShard } from './shards'

type Failed = { place: RejectedPlace['place']; error: WordmaskError }
type Read = Omit<LabelledPlace, 'pixels' | 'png'> & { pixels: Awaited<ReturnType<typeof decodeImage>> }

/** `pseudo-label`: a label map of every image of a shard. */
class PseudoLabel implements Operation {
  constructor(
    readonly spec: OperationSpec,
    private readonly segmenter: Segmenter,
    private readonly labeller: Labeller,
  ) {}

  get device(): string {
    return this.segmenter.about.device
  }

  /** Images are decoded ahead of the model, and their maps encoded behind it; one at a time where care is asked for. */
  async run(shard: Shard, context: ShardContext): Promise<ShardOutput> {
    const { signal, careful } = context
    const labels: ShardLabels = { labelled: [], rejected: [] }
    const onReject: NonNullable<Parameters<typeof openLabelShard>[1]['onReject']> = ({ uri, key, offset, length, code, reason }) =>
      void labels.rejected.push({ place: placeOf({ uri, key, offset, length }), code, reason })
    const found = openLabelShard(shard, { signal, onReject })
    const at = careful ? 1 : 3
    const read = mapOrdered(announced(found, context), (one, i, stop) => this.read(one, i, stop), { concurrency: at, signal })
    const maps = mapOrdered(this.labelled(read, signal), encoded, { concurrency: careful ? 1 : 2, signal })
    let images = labels.rejected.length
    for await (const one of maps) {
      if ('error' in one) labels.rejected.push({ place: one.place, code: one.error.code, reason: one.error.message })
      else labels.labelled.push(one)
      context.onProgress(++images)
    }
    const rejects: Record<string, number> = {}
    for (const { code } of labels.rejected) rejects[code] = (rejects[code] ?? 0) + 1
    return { files: [{ name: labelsFile, data: packLabels(labels) }], images: labels.labelled.length + labels.rejected.length, rejects }
  }

  dispose(): void {
    this.segmenter.dispose()
  }

  private async read({ name, image }: { name: string; image: SourceImage }, index: number, signal: AbortSignal): Promise<Read | Failed> {
    const place = placeOf(image)
    try {
      const bytes = await image.bytes(signal)
      const pixels = await decodeImage(bytes, this.labeller.decode)
      const { width, height } = pixels
      return { place, relative: await withEnding(name, bytes), bytes: bytes.length, width, height, pixels }
    } catch (error) {
      return { place, error: failureOf(error, index).error }
    }
  }

  private async *labelled(images: AsyncIterable<Read | Failed>, signal: AbortSignal) {
    for await (const one of images) {
      if ('error' in one) {
        yield one
        continue
      }
      try {
        yield { ...one, map: await this.labeller.label(one.pixels, signal) }
      } catch (error) {
        yield { place: one.place, error: failureOf(error, 0).error }
      }
    }
  }
}

type Mapped = Read & { map: Awaited<ReturnType<Labeller['label']>> }

async function encoded(one: Mapped | Failed): Promise<ShardLabels['labelled'][number] | Failed> {
  if ('error' in one) return one
  const { map, pixels: _, ...rest } = one
  const data = await encodeLabelMap(map)
  const pixels = Object.fromEntries([...map.counts].flatMap((count, value) => (count > 0 ? [[`${value}`, count] as const] : [])))
  return { ...rest, pixels, png: data.length, data }
}

async function* announced<T extends { name: string }>(images: AsyncIterable<T>, context: ShardContext): AsyncGenerator<T> {
  for await (const image of images) {
    await context.working(image.name)
    yield image
  }
}

function placeOf({ uri, key, offset, length }: { [K in 'uri' | 'key' | 'offset' | 'length']?: SourceImage[K] | undefined }) {
  const range = offset !== undefined && length !== undefined && { offset, length }
  return { uri: uri as string, ...(key !== undefined && { key }), ...range }
}

/**
 * The segmenter of a run on this machine. @throws ERR_WORDMASK_MODEL_NOT_FOUND where it is not here or another one; what Segmenter.load
 * and its first call throw
 */
export const openPseudoLabel: OpenOperation = async (spec, { device, signal }) => {
  const config = checkOptions('pseudo-label', labellingConfig, spec.config)
  const folder = spec.model as string
  await checkSegmenter(folder, spec.weights)
  const segmenter = await Segmenter.load(folder, { device, dtype: config.dtype, signal })
  try {
    const labeller = new Labeller(segmenter, config)
    await labeller.prepare(signal)
    return new PseudoLabel(spec, segmenter, labeller)
  } catch (error) {
    segmenter.dispose()
    throw error
  }
}

async function checkSegmenter(folder: string, hash: string): Promise<void> {
  const here = await segmenterHash(folder).catch(() => undefined)
  if (here === hash) return
  const what = here === undefined ? 'no segmenter' : 'another one than the run was planned with'
  throw new WordmaskError(
    'ERR_WORDMASK_MODEL_NOT_FOUND',
    `There is ${what} in ${folder} on this machine. Copy the folder of the machine that planned here, to the same path.`,
  )
}
