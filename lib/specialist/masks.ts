import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Pixels } from '../../binding'
import { contentOf } from '../archive/content'
import type { ArchiveRow, Box } from '../archive/types'
import type { CuratedSet } from '../curate/curated-set'
import type { WordmaskError } from '../errors'
import { readLabelMap } from '../image/labels'
import type { ClassEntry } from '../text/classes'
import { writeLabelMap } from '../write/label-map'
import { writeOverlay } from '../write/overlay'
import { type BoxesOf, restrict } from './boxes'
import type { GroupOf } from './groups'
import { eachImage, resizeLabels, resizePixels, trainingView } from './pixels'
import type { References } from './references'
import { addTrimap, trimap, uncertain } from './trimap'

/** An image that shows names, and its label map: 0 is none, i + 1 the name i, 255 uncertain. */
export interface Masked {
  row: ArchiveRow
  group: string
  /** Of the names. */
  names: number[]
  labels: string
  overlay: string
}

export interface MaskRequest {
  set: CuratedSet
  classes: readonly ClassEntry[]
  references: References
  boxesOf: BoxesOf | undefined
  groupOf: GroupOf
  /** Label maps have the size that training sees: so that they cover this. */
  size: { width: number; height: number }
  /** Files that are there already are taken as they are. */
  folder: string
  signal: AbortSignal | undefined
  onProgress: ((done: number, total: number) => void) | undefined
  onReject: (image: ArchiveRow, error: WordmaskError) => void
}

/** Longer side of the pictures for review, in pixels. */
const overlaySide = 384

/** Labels the images that show the names by ReCo. -> those whose mask has a pixel */
export async function makeMasks(request: MaskRequest): Promise<Masked[]> {
  const { set, classes, boxesOf, groupOf, size, folder, signal, onProgress, onReject } = request
  const images = new Map<string, { row: ArchiveRow; names: number[] }>()
  for (const [name, { images: found }] of set.classes.entries())
    for (const row of found) {
      const key = contentOf(row)
      // The same picture may be in the archive twice, under two addresses.
      images.set(key, { row, names: [...new Set([...(images.get(key)?.names ?? []), name])] })
    }
  const all: Masked[] = [...images].map(([key, { row, names }]) => ({
    ...{ row, names, group: groupOf(row) },
    labels: path.join(folder, `${key}-${names.join('-')}.png`),
    overlay: path.join(folder, 'overlay', `${key}-${names.join('-')}.png`),
  }))
  const there = await Promise.all(all.map(async ({ labels, overlay }) => (await exists(labels)) && exists(overlay)))
  const missing = all.filter((_, i) => !there[i])
  let done = all.length - missing.length
  onProgress?.(done, all.length)
  const label = async (whole: Pixels, index: number, stop: AbortSignal) => {
    const { row, names, labels, overlay } = missing[index] as Masked
    const pixels = await resizePixels(whole, trainingView(whole, size))
    const map = await labelImage(request, pixels, names, stop)
    if (boxesOf) restrict(map, pixels.width, scaled(boxesOf(row) ?? [], pixels.width / whole.width, pixels.height / whole.height))
    const labelled = { labels: map, width: pixels.width, height: pixels.height, classes, firstLabel: 1 as const }
    const small = await smaller(pixels, map)
    await writeOverlay(overlay, small.pixels, { ...labelled, ...small, ...coverageOf(small.labels, classes), protocol: { orient: false } })
    // Last, since it tells that the image is done.
    await writeLabelMap(labels, labelled)
  }
  const rows = missing.map(({ row }) => row)
  for await (const _ of eachImage(rows, signal, onReject, label)) onProgress?.(++done, all.length)
  return withMask(all)
}

/** Those that could be read and have a pixel of a name, in order. */
async function withMask(all: readonly Masked[]): Promise<Masked[]> {
  const kept: Masked[] = []
  for (const one of all) {
    if (!(await exists(one.labels))) continue
    const { labels } = await readLabelMap(one.labels)
    const names = one.names.filter((name) => labels.includes(name + 1))
    if (names.length > 0) kept.push({ ...one, names })
  }
  return kept
}

async function labelImage(
  { classes, references: { segmenter, competing } }: MaskRequest,
  pixels: Pixels,
  names: readonly number[],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const image = { ...pixels, channels: 3 as const }
  const labels = new Uint8Array(pixels.width * pixels.height)
  for (const name of names) {
    const entry = classes[name] as ClassEntry
    const view = competing.length > 0 ? { background: { names: competing }, refine: 'crf' as const } : {}
    const answer = await segmenter.segment(image, { classes: [entry], ...view, signal })
    const { data } = await answer.scores({ at: 'image' })
    const wins = competing.length > 0 ? Uint8Array.from(answer.labels) : undefined
    addTrimap(labels, trimap(data, wins), name + 1)
  }
  return labels
}

const scaled = (boxes: readonly Box[], sx: number, sy: number): Box[] =>
  boxes.map(([x, y, w, h]) => [Math.floor(x * sx), Math.floor(y * sy), Math.ceil(w * sx), Math.ceil(h * sy)])

/** For the page: no larger than can be seen there. */
async function smaller(pixels: Pixels, labels: Uint8Array) {
  const scale = Math.min(1, overlaySide / Math.max(pixels.width, pixels.height))
  const size = { width: Math.max(1, Math.round(pixels.width * scale)), height: Math.max(1, Math.round(pixels.height * scale)) }
  const small = { ...(await resizePixels(pixels, size)), channels: 3 as const }
  // What is uncertain is shown as what it is not taken for.
  const shown = resizeLabels(labels, pixels, size).map((label) => (label === uncertain ? 0 : label))
  return { pixels: small, labels: shown, ...size }
}

function coverageOf(labels: Uint8Array, classes: readonly ClassEntry[]) {
  const counts = new Float64Array(classes.length + 1)
  for (const label of labels) counts[label] = (counts[label] as number) + 1
  return { coverage: classes.map((_, i) => (counts[i + 1] as number) / labels.length) }
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  )
