import { WordmaskError } from '../errors'
import { decodeImage } from '../image/decode'
import { orientationOf } from '../image/label-folder'
import { readLabelMap } from '../image/labels'
import { throwIfAborted } from '../options'
import { failureOf } from '../segmenter/segmentation'
import type { Segmenter } from '../segmenter/segmenter'
import { type ClassEntry, sameName } from '../text/classes'
import type { LabelledFolder } from '../train/segmenter/options'
import { labelsOf, listPairs, type Pair } from '../train/segmenter/pairs'
import { type Answer, type ImageFigures, Iou, imageFigures } from './figures'

/** Label maps that are looked at before anything is made. */
const lookedAt = 32

export interface TruthFigures {
  iou: number
  /** Of ReCo on the same images, contexts competing. */
  recoIou: number
  images: ImageFigures
}

/**
 * Both segmenters against label maps: 0 is everything else, i + 1 the name i of those that were asked for, of which the archive may not show
 * all. An image that cannot be read, or has no label map of its size, is told and left out. -> of each name of the specialist
 * @throws ERR_WORDMASK_CLASSES for a label value that is no name's and not 255
 */
export async function measureTruth(
  truth: LabelledFolder,
  specialist: Segmenter,
  reco: Segmenter,
  competing: readonly string[],
  signal: AbortSignal | undefined,
  onReject: (image: string, error: WordmaskError) => void,
  asked: readonly ClassEntry[] = specialist.classes ?? [],
): Promise<TruthFigures[]> {
  const classes = specialist.classes ?? []
  const sums = classes.map(({ name }) => ({
    value: asked.findIndex((one) => sameName(one.name) === sameName(name)) + 1,
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
    const read = await readPair(pair, truth, orient, asked.length).catch((error) => failureOf(error, 0))
    if ('error' in read) {
      if (read.error.code === 'ERR_WORDMASK_CLASSES') throw read.error
      onReject(pair.image, read.error)
      continue
    }
    const { pixels, labels } = read
    const own = await specialist.segment(pixels, run)
    const other = await reco.segment(pixels, view)
    for (const [i, { value, own: a, reco: b, answers }] of sums.entries()) {
      a.add(
        own.labels.map((label) => (label === i + 1 ? value : 0)),
        labels,
        value,
      )
      b.add(
        other.labels.map((label) => (label + 1 - other.firstLabel === i + 1 ? value : 0)),
        labels,
        value,
      )
      answers.push({
        score: own.labels.includes(i + 1) ? 1 : 0,
        shown: labels.includes(value),
      })
    }
  }
  return sums.map(({ own, reco: other, answers }) => ({
    iou: own.value,
    recoIou: other.value,
    images: imageFigures(answers, 0.5),
  }))
}

/** Looks at the first label maps, before anything is made; those that cannot be read are told later. @throws ERR_WORDMASK_CLASSES */
export async function checkTruth(truth: LabelledFolder, names: number, signal: AbortSignal | undefined): Promise<void> {
  for (const pair of (await listPairs(truth, signal)).slice(0, lookedAt)) {
    throwIfAborted(signal)
    const file = await labelsOf(pair, truth).catch(() => undefined)
    const map = file === undefined ? undefined : await readLabelMap(file).catch(() => undefined)
    if (map !== undefined) checkValues(file as string, map.labels, names)
  }
}

/** Label maps of another list of names would be scored as if they were of this one. */
function checkValues(file: string, labels: ArrayLike<number>, names: number): void {
  for (let i = 0; i < labels.length; i++) {
    const value = labels[i] as number
    if (value <= names || value === 255) continue
    throw new WordmaskError(
      'ERR_WORDMASK_CLASSES',
      `The label map ${file} of the truth holds the value ${value}. Expected 0 for everything else, ${names === 1 ? '1 for the name' : `1 to ${names} for the names in their order`}, and 255 for what does not count`,
    )
  }
}

async function readPair(pair: Pair, truth: LabelledFolder, orient: boolean, names: number) {
  const { image } = pair
  const file = await labelsOf(pair, truth)
  const [pixels, { labels, width, height }] = await Promise.all([decodeImage(image, { orient }), readLabelMap(file)])
  checkValues(file, labels, names)
  if (width === pixels.width && height === pixels.height) return { pixels: { ...pixels, channels: 3 as const }, labels }
  throw new WordmaskError(
    'ERR_WORDMASK_IMAGE',
    `${image} is ${pixels.width} x ${pixels.height} as ${orient ? 'shown' : 'stored'}, its label map ${width} x ${height}`,
  )
}
