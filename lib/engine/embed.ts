import { embedImages } from '../archive/embed'
import { modelOf } from '../archive/identity'
import { hashRule } from '../archive/phash'
import { type ArchiveRecord, encodeRecord, recordsVersion } from '../archive/records'
import type { Reject, Shard, SourceImage } from '../archive/types'
import { Clip } from '../clip/clip'
import { WordmaskError } from '../errors'
import { checkOptions } from '../options'
import { openShard } from '../sources'
import { embedConfig } from './embed-config'
import type { OpenOperation, Operation, OperationSpec, ShardContext, ShardOutput } from './operation'

/** The one file of an output: rows and rejects as a journal holds them. */
export const rowsFile = 'rows'

/** Rows get their time when they are added to the archive, so that the same shard gives the same bytes. */
const notYetAdded = new Date(0).toISOString()

/** `embed`: what the archive keeps of every image of a shard. */
class Embed implements Operation {
  constructor(
    readonly spec: OperationSpec,
    private readonly clip: Clip,
    private readonly batchSize: number | undefined,
  ) {}

  get device(): string {
    return this.clip.info.device
  }

  async run(shard: Shard, context: ShardContext): Promise<ShardOutput> {
    const { orient, maxPixels, dim } = checkOptions('embed', embedConfig, this.spec.config)
    const pieces = [encodeRecord({ format: 'wordmask-rows', version: recordsVersion, dim, model: this.spec.weights })]
    const rejects: Record<string, number> = {}
    let images = 0
    const options = { orient, maxPixels, batchSize: this.batchSize, signal: context.signal }
    for await (const record of this.records(shard, context, options)) {
      images++
      if ('reject' in record) rejects[record.reject.code] = (rejects[record.reject.code] ?? 0) + 1
      else record.row.addedAt = notYetAdded
      pieces.push(encodeRecord(record))
      context.onProgress(images)
    }
    return { files: [{ name: rowsFile, data: Buffer.concat(pieces) }], images, rejects }
  }

  dispose(): void {
    this.clip.dispose()
  }

  private async *records(shard: Shard, context: ShardContext, options: Parameters<typeof embedImages>[2]): AsyncGenerator<ArchiveRecord> {
    const rejects: Reject[] = []
    const images = announced(openShard(shard, { signal: context.signal, onReject: (reject) => rejects.push(reject) }), context)
    for await (const some of context.careful ? singly(images) : [images])
      for await (const { records } of embedImages(this.clip, some, options)) yield* records
    // What the shard itself could not name or find.
    for (const reject of rejects) yield { reject }
  }
}

/** For one at a time: whatever ends the process is the image that was announced last. */
async function* singly(images: AsyncIterable<SourceImage>): AsyncGenerator<SourceImage[]> {
  for await (const image of images) yield [image]
}

async function* announced(images: AsyncIterable<SourceImage>, context: ShardContext): AsyncGenerator<SourceImage> {
  for await (const image of images) {
    await context.working(image.id)
    yield image
  }
}

/** What decides the rows that a model gives. @param clip loaded, so that its weights are known */
export async function embedSpec(
  clip: Clip,
  { orient = true, maxPixels }: { orient?: boolean; maxPixels?: number } = {},
): Promise<OperationSpec> {
  const { load, dim, preprocess, weights } = await modelOf(clip)
  const { activation } = clip.source.config
  const config = {
    dim,
    preprocess,
    activation,
    dtype: clip.info.dtype,
    orient,
    perceptualHash: hashRule,
    ...(maxPixels !== undefined && { maxPixels }),
  }
  return { name: 'embed', config, weights, model: load }
}

/** @throws ERR_WORDMASK_MODEL_NOT_FOUND where this machine has no such model, or another one of that name */
export const openEmbed: OpenOperation = async (spec, { device, batchSize, signal }) => {
  const { activation, dtype } = checkOptions('embed', embedConfig, spec.config)
  const clip = await Clip.load(spec.model, { device, dtype, activation, signal })
  try {
    const here = await modelOf(clip)
    if (here.weights !== spec.weights || JSON.stringify(here.preprocess) !== JSON.stringify(spec.config.preprocess))
      throw otherModel(spec, here.weights)
    return new Embed(spec, clip, batchSize)
  } catch (error) {
    clip.dispose()
    throw error
  }
}

function otherModel({ model, weights }: OperationSpec, here: string): WordmaskError {
  const differ =
    here === weights ? 'the same weights but other preprocessing' : `weights ${here.slice(0, 12)}..., not ${weights.slice(0, 12)}...`
  return new WordmaskError(
    'ERR_WORDMASK_MODEL_NOT_FOUND',
    `${model} on this machine has ${differ}. Get the run's own: \`npx wordmask model pull ${model}\`, or copy its files here to the same path.`,
  )
}
