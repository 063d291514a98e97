import path from 'node:path'
import type { ArchiveRow } from '../archive/types'
import type { WordmaskError } from '../errors'
import { decodeImage } from '../image/decode'
import { readLabelMap } from '../image/labels'
import { throwIfAborted } from '../options'
import { writeAtomic } from '../run/atomic'
import type { ClassEntry } from '../text/classes'
import { writeLabelMap } from '../write/label-map'
import { type Cutout, cutOut, type LabelledPixels, paste, place, plans } from './compose'
import type { Masked } from './masks'
import { eachImage, pngOf, resizePixels, trainingView } from './pixels'

export interface TrainingSetRequest {
  classes: readonly ClassEntry[]
  /** Images that show a name, with their masks. */
  masked: readonly Masked[]
  /** Images without the names: everything is background. */
  without: readonly ArchiveRow[]
  composites: number
  size: { width: number; height: number }
  seed: number
  signal: AbortSignal | undefined
  onProgress: ((done: number, total: number) => void) | undefined
  onReject: (image: ArchiveRow, error: WordmaskError) => void
}

/** Images of a training set. */
export interface TrainingCounts {
  shown: number
  /** How often each of those is there: so many that they are not lost among the others. */
  repeated: number
  without: number
  composites: number
}

const mostRepeats = 8

/** A cutout of a picture: there may be thousands, so that their pixels stay in the folder until they are put on another. */
interface Cut {
  /** Of the pictures with masks. */
  index: number
  label: number
  area: number
  /** Its first pixels. */
  head: Uint8Array
}

const headBytes = 256

/** Writes images/ and labels/ as trainSegmenter reads them. Memory: a few pictures. */
export async function writeTrainingSet(folder: string, request: TrainingSetRequest): Promise<TrainingCounts> {
  const { classes, masked, without, size, seed, signal, onProgress, onReject } = request
  const composites = without.length === 0 ? 0 : request.composites
  const total = masked.length + without.length + composites
  const repeated = Math.max(1, Math.min(mostRepeats, Math.round((without.length + composites) / (4 * Math.max(1, masked.length)))))
  let done = 0
  const told = () => onProgress?.(++done, total)
  const put = async (name: string, { pixels, labels }: LabelledPixels) => {
    await writeAtomic(path.join(folder, 'images', `${name}.png`), await pngOf(pixels))
    const { width, height } = pixels
    await writeLabelMap(path.join(folder, 'labels', `${name}.png`), { labels, width, height, classes, firstLabel: 1 })
    return name
  }
  const cuts: Cut[] = []
  let shown = 0
  const rows = masked.map(({ row }) => row)
  const addShown = eachImage(rows, signal, onReject, async (whole, index) => {
    const { labels: file, names } = masked[index] as Masked
    const { labels } = await readLabelMap(file)
    const one = { pixels: await resizePixels(whole, trainingView(whole, size)), labels: labels as Uint8Array }
    for (let again = 0; again < repeated; again++) await put(`shown-${number(index)}-${again}`, one)
    for (const cutout of names.flatMap((name) => cutOut(one, name + 1) ?? [])) {
      const { label, data, width, height } = cutout
      cuts.push({ index, label, area: width * height, head: data.slice(0, headBytes) })
    }
    return true
  })
  for await (const { made } of addShown) {
    if (made) shown++
    told()
  }
  const grounds: string[] = []
  const addWithout = eachImage(without, signal, onReject, async (whole, index) => {
    const pixels = await resizePixels(whole, trainingView(whole, size))
    return put(`without-${number(index)}`, { pixels, labels: new Uint8Array(pixels.width * pixels.height) })
  })
  for await (const { made } of addWithout) {
    if (made !== undefined) grounds.push(made)
    told()
  }
  // Images come in the order of shards: their numbers, not their turn, decide what is put where.
  grounds.sort()
  cuts.sort((a, b) => a.label - b.label || a.area - b.area || Buffer.compare(a.head, b.head) || a.index - b.index)
  const planned = cuts.length > 0 && grounds.length > 0 ? composites : 0
  const written = (name: string) => decodeImage(path.join(folder, 'images', `${name}.png`))
  const read = async ({ index, label }: Cut) => {
    const { labels } = await readLabelMap((masked[index] as Masked).labels)
    return cutOut({ pixels: await written(`shown-${number(index)}-0`), labels: labels as Uint8Array }, label) as Cutout
  }
  let made = 0
  for (const { cutout: cut, picture, next } of plans(cuts, grounds.length, planned, seed)) {
    throwIfAborted(signal)
    const [pixels, cutout] = await Promise.all([written(grounds[picture] as string), read(cut)])
    const onto = { pixels, labels: new Uint8Array(pixels.width * pixels.height) }
    await put(`composite-${number(made++)}`, await paste(onto, cutout, place(cutout, pixels, next)))
    told()
  }
  return { shown, repeated, without: grounds.length, composites: made }
}

const number = (i: number) => String(i).padStart(5, '0')
