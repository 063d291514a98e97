import path from 'node:path'
import { decodeImage } from '../image/decode'
import { readLabelMap } from '../image/labels'
import { throwIfAborted } from '../options'
import { Segmenter } from '../segmenter/segmenter'
import { Iou } from '../specialist/figures'
import type { ClassEntry } from '../text/classes'
import { type Overlaid, writeOverlay } from '../write/overlay'
import type { ReportItem, ReportSection } from './page'
import { dataUri, overlayUri } from './picture'
import { type ExampleCard, readExampleCard } from './specialist-card'

export interface ExampleInput {
  /** Of the specialist: what Segmenter.load takes, card.json, and pictures with ReCo's and the true masks. */
  folder: string
  /** Gets the overlays. */
  into: string
  /** The specialist runs on. Default: as for Segmenter.load. */
  device?: string
  signal: AbortSignal
}

export interface Example {
  card: ExampleCard
  section: ReportSection
  /** Of the pictures shown, those in which the specialist finds the name: where they show it, and where they do not. */
  found: { right: number; shown: number; wrong: number; without: number }
}

/** Easy to see on any picture. */
const marked = [255, 0, 170] as const
const opacity = 0.6

/** The specialist that ships, run on its pictures beside the ReCo that it learnt from and the truth. */
export async function specialistExample({ folder, into, device, signal }: ExampleInput): Promise<Example> {
  const card = await readExampleCard(folder)
  const specialist = await Segmenter.load(folder, { ...(device !== undefined && { device }), signal })
  try {
    const classes = (specialist.classes ?? []).map((entry): ClassEntry => ({ ...entry, color: marked }))
    const items: ReportItem[] = []
    const found = { right: 0, shown: 0, wrong: 0, without: 0 }
    const times: number[] = []
    // The first call also makes ready what the others find ready.
    await specialist.segment(path.join(folder, 'images', card.pictures[0]!.image), { signal })
    for (const { image, map, caption, shown } of card.pictures) {
      throwIfAborted(signal)
      const file = path.join(folder, 'images', image)
      const began = performance.now()
      const { labels } = await specialist.segment(file, { signal })
      times.push(performance.now() - began)
      const { width, height } = await decodeImage(file)
      const [reco, truth] = await Promise.all(
        ['reco', 'truth'].map(async (part) => (await readLabelMap(path.join(folder, part, map))).labels),
      )
      const masks = { ReCo: reco!, specialist: labels, truth: truth! }
      const panels = [{ caption: 'picture', src: await dataUri(file) }]
      for (const [method, mask] of Object.entries(masks)) {
        const overlay = path.join(into, `${path.parse(image).name}-${method.toLowerCase()}.png`)
        await writeOverlay(overlay, file, overlaid({ labels: mask, width, height }, classes), { legend: false, opacity })
        panels.push({ caption: method, src: await overlayUri({ overlay, width, height }) })
      }
      const any = labels.includes(1)
      found[shown ? 'shown' : 'without']++
      if (any) found[shown ? 'right' : 'wrong']++
      items.push({ title: caption, panels, legend: [], facts: factsOf(card.name, shown, masks) })
    }
    const middle = times.sort((a, b) => a - b)[times.length >> 1] as number
    return { card, found, section: { ...describe(card, found, middle), items } }
  } finally {
    await specialist[Symbol.asyncDispose]()
  }
}

function overlaid(map: Pick<Overlaid, 'labels' | 'width' | 'height'>, classes: ClassEntry[]): Overlaid {
  return { ...map, classes, firstLabel: 1, coverage: [shareOf(map.labels)], protocol: { orient: true } }
}

function shareOf(labels: ArrayLike<number>): number {
  let count = 0
  for (let i = 0; i < labels.length; i++) count += Number(labels[i] === 1)
  return count / labels.length
}

function factsOf(name: string, shown: boolean, { ReCo, specialist, truth }: Record<'ReCo' | 'specialist' | 'truth', Overlaid['labels']>) {
  const part = shareOf(specialist)
  if (!shown) return [`does not show "${name}"`, part === 0 ? 'nothing found, which is right' : `found on ${percent(part)}, which is wrong`]
  const iou = (mask: Overlaid['labels']) => {
    const sum = new Iou()
    sum.add(mask, truth, 1)
    return number(sum.value)
  }
  return [`IoU ${iou(specialist)}, ReCo ${iou(ReCo)}`, ...(part === 0 ? [`"${name}" is missed`] : [])]
}

function describe(card: ExampleCard, found: Example['found'], ms: number): Omit<ReportSection, 'items'> {
  const { name, data, figures, images, training, drawn, time, bytes, threshold } = card
  const { iou, recoIou, shownIou, shownRecoIou, recall, precision, falsePositivesPer1000: wrong } = figures
  const truth = `${figures.images.shown} pictures that show it and ${figures.images.without} that do not`
  return {
    title: `A segmenter for one rare thing, from its name alone: "${name}"`,
    lead: [
      `Nobody labelled anything. ${data.pool.images} pictures, of which ${data.pool.each} show it, and the name went in; CLIP found them, ReCo marked it in ${images.trained + images.held} of them, and a DeepLabv3+ of ${(bytes / 1e6).toFixed(1)} MB learnt from ${training.shown} of these masks, ${training.without} pictures without it and ${training.composites} composites, from random weights. It runs here, on pictures that it has not seen: it finds it in ${found.right} of ${found.shown} that show it and in ${found.wrong} of ${found.without} that do not.`,
    ],
    command: card.typed,
    figures: [
      { label: 'IoU where it is shown', value: number(shownIou.value), note: `${range(shownIou)}; ReCo ${number(shownRecoIou.value)}` },
      { label: 'IoU over all pictures', value: number(iou.value), note: `${range(iou)}; ReCo ${number(recoIou.value)}` },
      { label: 'recall, by pictures', value: number(recall.value), note: range(recall) },
      { label: 'precision, by pictures', value: number(precision.value), note: range(precision) },
      { label: 'false positives of 1,000', value: number(wrong.value, 0), note: range(wrong, 0) },
      { label: 'time a picture, now', value: `${ms.toFixed(0)} ms`, note: `ReCo took ${time.ratio.toFixed(1)} times as long` },
    ],
    footer: [
      `Figures are of ${truth}, with 95% intervals (Wilson's; for IoU by resampling pictures), against masks that come with the rendering and that nothing else has seen. The pictures above are the first of these.`,
      `The name was not chosen for its figures. Seed ${card.seed} drew ${list(drawn.map((one) => `"${one.name}"`))}. ${choice(card)}`,
      `Threshold ${threshold.value.toFixed(3)}: ${threshold.why}. Made by: ${card.made}`,
    ],
  }
}

/** What became of the names that were drawn. */
function choice({ drawn, data }: ExampleCard): string {
  const absent = drawn.filter(({ present }) => !present)
  const built = drawn.flatMap((one) =>
    one.iou && one.recoIou ? [`${one.name} ${number(one.iou.value)} (ReCo ${number(one.recoIou.value)})`] : [],
  )
  const refused =
    absent.length === 0
      ? ''
      : `Of ${list(absent.map((one) => `"${one.name}"`))} the test did not find that the pictures show them, though ${data.pool.each} do: "wordmask specialist" ends there. `
  if (built.length === 1) return `${refused}The specialist is for the first that the test did find.`
  return `${refused}A specialist was built for the first ${built.length} that it did find, IoU ${list(built)}: the one with the median ships.`
}

const list = (words: readonly string[]) => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`)
const number = (value: number | null, digits = 2) => (value === null || Number.isNaN(value) ? 'not known' : value.toFixed(digits))
const range = ({ low, high }: { low: number; high: number }, digits = 2) => `${low.toFixed(digits)} to ${high.toFixed(digits)}`
const percent = (share: number) => `${(100 * share).toFixed(1)}% of it`
