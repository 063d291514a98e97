import { WordmaskError } from '../errors'
import { decodeImage } from '../image/decode'
import { orientationOf } from '../image/label-folder'
import { readLabelMap } from '../image/labels'
import { throwIfAborted } from '../options'
import { failureOf } from '../segmenter/segmentation'
import type { Segmenter } from '../segmenter/segmenter'
import type { LabelledFolder } from '../train/segmenter/options'
import { labelsOf, listPairs, type Pair } from '../train/segmenter/pairs'
import { type Answer, type ImageFigures, Iou, imageFigures } from './figures'

export interface TruthFigures {
  iou: number
  /** Of ReCo on the same images, contexts competing. */
  recoIou: number
  images: ImageFigures
}

/**
 * Both segmenters against label maps: 0 is everything else, i + 1 the name i. An image that cannot be read, or has no label map of its
 * size, is told and left out. -> of each name
 */
export async function measureTruth(
  truth: LabelledFolder,
  specialist: Segmenter,
  reco: Segmenter,
  competing: readonly string[],
  signal: AbortSignal | undefined,
  onReject: (image: string, error: WordmaskError) => void,
): Promise<TruthFigures[]> {
  const classes = specialist.classes ?? []
  const sums = classes.map(() => ({
    own: new Iou(),
    reco: new Iou(),
    answers: [] as Answer[],
  }))
  const run = signal ? { signal } : {}
  const view = {
    ...run,
    ...(competing.length > 0 && { background: { names: [...competing] } }),
  }
  const orient = await orientationOf(truth.labels)
  for (const pair of await listPairs(truth, signal)) {
    throwIfAborted(signal)
    const read = await readPair(pair, truth, orient).catch((error) => failureOf(error, 0))
    if ('error' in read) {
      onReject(pair.image, read.error)
      continue
    }
    const { pixels, labels } = read
    const own = await specialist.segment(pixels, run)
    const other = await reco.segment(pixels, view)
    for (const [i, { own: a, reco: b, answers }] of sums.entries()) {
      a.add(own.labels, labels, i + 1)
      b.add(
        other.labels.map((label) => label + 1 - other.firstLabel),
        labels,
        i + 1,
      )
      answers.push({
        score: own.labels.includes(i + 1) ? 1 : 0,
        shown: labels.includes(i + 1),
      })
    }
  }
  return sums.map(({ own, reco: other, answers }) => ({
    iou: own.value,
    recoIou: other.value,
    images: imageFigures(answers, 0.5),
  }))
}

async function readPair(pair: Pair, truth: LabelledFolder, orient: boolean) {
  const { image } = pair
  const file = await labelsOf(pair, truth)
  const [pixels, { labels, width, height }] = await Promise.all([decodeImage(image, { orient }), readLabelMap(file)])
  if (width === pixels.width && height === pixels.height) return { pixels: { ...pixels, channels: 3 as const }, labels }
  throw new WordmaskError(
    'ERR_WORDMASK_IMAGE',
    `${image} is ${pixels.width} x ${pixels.height} as ${orient ? 'shown' : 'stored'}, its label map ${width} x ${height}`,
  )
}
