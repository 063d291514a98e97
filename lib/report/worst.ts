import path from 'node:path'
import sharp from 'sharp'
import type { RawImage } from '../image/input'
import { writeAtomic } from '../run/atomic'
import type { Color } from '../text/colors'
import { contactSheet } from './contact-sheet'
import { type ReportItem, renderReport } from './page'
import { colourLabels, dataUri } from './picture'

/** Class indices of every pixel; an index without a class is shown grey. */
interface Labels {
  classes: Uint16Array
  width: number
  height: number
}

export interface WorstPicture {
  id: string
  /** 0..1, over the classes in this picture's truth or prediction. */
  miou: number
  /** What was taken for what, most pixels first. */
  mistakes: string[]
  image: RawImage | undefined
  prediction: Labels
  truth: Labels
}

export interface WorstSheet {
  title: string
  figures: { label: string; value: string }[]
  classes: readonly { name: string; color: Color }[]
  pictures: AsyncIterable<WorstPicture>
  footer: string[]
}

/** worst.html, a page with image, prediction and truth of each picture, and worst.jpg, the same at a glance. */
export async function writeWorst(into: string, { title, figures, classes, pictures, footer }: WorstSheet): Promise<void> {
  const colors = classes.map(({ color }) => color)
  const items: ReportItem[] = []
  const cells: { bytes: Uint8Array; label: string }[] = []
  const coloured = ({ classes: labels, width, height }: Labels) => ({ data: colourLabels(labels, colors), width, height })
  for await (const { id, miou, mistakes, image, prediction, truth } of pictures) {
    const score = `mIoU ${(100 * miou).toFixed(1)}`
    const maps = [
      ['prediction', coloured(prediction)],
      ['truth', coloured(truth)],
    ] as const
    const panels = [
      ...(image ? [{ caption: 'image', src: await dataUri(toBytes(image)) }] : []),
      ...(await Promise.all(maps.map(async ([caption, map]) => ({ caption, src: await dataUri(map, true) })))),
    ]
    items.push({ title: id, panels, legend: legend(truth, classes), facts: [score, ...mistakes] })
    const shown = [
      ...(image ? [{ map: toBytes(image), label: id }] : []),
      ...maps.map(([label, map]) => ({ map, label: `${label}, ${score}` })),
    ]
    for (const { map, label } of shown) cells.push({ bytes: await png(map), label })
  }
  const perPicture = (items[0]?.panels.length ?? 3) * 2
  await writeAtomic(path.join(into, 'worst.jpg'), await contactSheet(`${title}: the worst pictures`, cells, perPicture))
  await writeAtomic(
    path.join(into, 'worst.html'),
    renderReport({ title: `${title}: the worst pictures`, lead: [], figures, items, footer }),
  )
}

/** Classes of the truth with their shares, largest first. */
function legend({ classes: labels }: Labels, classes: WorstSheet['classes']) {
  const counts = new Float64Array(classes.length)
  for (const label of labels) if (label < classes.length) counts[label]!++
  return classes
    .map(({ name, color }, i) => ({ name, color, coverage: counts[i]! / labels.length }))
    .filter(({ coverage }) => coverage >= 0.005)
    .sort((a, b) => b.coverage - a.coverage)
    .slice(0, 10)
}

interface Rgb {
  data: Uint8Array
  width: number
  height: number
}

const toBytes = ({ data, width, height }: RawImage): Rgb => ({
  data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  width,
  height,
})

const png = ({ data, width, height }: Rgb) =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
