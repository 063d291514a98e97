import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { checkPath } from '../arguments'
import { checkOptions } from '../options'
import { writeAtomicParts } from '../run/atomic'
import type { Mask } from '../segmenter/segmentation'
import { type ClassEntry, checkEntries } from '../text/classes'
import { bitsOf } from './bits'
import { checkCocoImage } from './check'
import type { CocoImage } from './coco'
import { checkImages } from './dataset-image'
import { packRuns } from './pack-runs'

export interface LabelStudioOptions {
  /** Put before every file name, whose parts are escaped. Default '/data/local-files/?d=', Label Studio's local storage. */
  imagePrefix?: string
  /** Shown beside the predictions. Default 'wordmask'. */
  modelVersion?: string
}

const labelStudioOptions = z.strictObject({ imagePrefix: z.string().optional(), modelVersion: z.string().min(1).optional() })

/** The labelling interface that the tasks are made for: an image, and a brush for every class in its colour. */
export function labelStudioConfig(classes: readonly ClassEntry[]): string {
  checkEntries(classes)
  const hex = (color: ClassEntry['color']) => `#${color.map((value) => value.toString(16).padStart(2, '0')).join('')}`
  const labels = classes.map(({ name, color }) => `    <Label value="${escapeXml(name)}" background="${hex(color)}"/>\n`).join('')
  return `<View>\n  <Image name="image" value="$image" zoom="true"/>\n  <BrushLabels name="tag" toName="image">\n${labels}  </BrushLabels>\n</View>\n`
}

/**
 * Writes tasks for Label Studio: a JSON list, a task an image, its masks as the brush strokes of one prediction, from which an
 * annotator starts. Set the project up with labelStudioConfig. Neither `images` nor what is written is held in memory.
 * @throws ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_IO
 */
export async function writeLabelStudio(
  file: string,
  classes: readonly ClassEntry[],
  images: Iterable<CocoImage> | AsyncIterable<CocoImage>,
  options: LabelStudioOptions = {},
): Promise<void> {
  checkPath('file', file)
  checkEntries(classes)
  checkImages(images, '{ file_name, width, height, masks }')
  const { imagePrefix = '/data/local-files/?d=', modelVersion = 'wordmask' } = checkOptions('writeLabelStudio', labelStudioOptions, options)
  async function* parts() {
    let i = 0
    for await (const image of images) {
      checkCocoImage(image, i)
      const place = image.file_name.split('/').map(encodeURIComponent).join('/')
      yield `${i++ === 0 ? '[' : ',\n'}{"data":${JSON.stringify({ image: `${imagePrefix}${place}` })},`
      yield* prediction(image, modelVersion)
      yield '}'
    }
    yield i === 0 ? '[]\n' : ']\n'
  }
  await writeAtomicParts(file, parts())
}

async function* prediction({ width, height, masks }: CocoImage, model_version: string): AsyncGenerator<string> {
  const score = masks.length === 0 ? 0 : masks.reduce((sum, mask) => sum + mask.score, 0) / masks.length
  yield `"predictions":[{"model_version":${JSON.stringify(model_version)},"score":${score},"result":[`
  for (const [i, mask] of masks.entries()) {
    const result = {
      ...{ id: `mask-${i + 1}`, type: 'brushlabels', from_name: 'tag', to_name: 'image', origin: 'prediction' },
      ...{ original_width: width, original_height: height, image_rotation: 0, score: mask.score },
      value: { format: 'rle', rle: packRuns(rowRuns(mask), width * height), brushlabels: [mask.class] },
    }
    yield `${i > 0 ? ',' : ''}${JSON.stringify(result)}`
    await setImmediate()
  }
  yield ']}]'
}

/** Row-major run lengths of a mask over its image, outside first. */
export function* rowRuns(mask: Pick<Mask, 'rle' | 'bbox'>): Generator<number> {
  const [left, top, w, h] = mask.bbox
  const [height, width] = mask.rle.size
  const bits = bitsOf(mask)
  let length = top * width + left
  let value = 0
  for (let y = 0, at = 0; y < h; y++) {
    for (let x = 0; x < w; x++, at++) {
      if (bits[at] !== value) {
        yield length
        value ^= 1
        length = 0
      }
      length++
    }
    const gap = y + 1 < h ? width - w : width - w - left + (height - top - h) * width
    if (gap === 0) continue
    if (value === 1) {
      yield length
      value = 0
      length = 0
    }
    length += gap
  }
  if (length > 0) yield length
}

const escapeXml = (text: string) =>
  text.replace(/[<>&"]/g, (character) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[character] as string)
