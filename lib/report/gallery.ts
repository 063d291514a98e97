import path from 'node:path'
import { FolderEvaluation, presentValues } from '../eval/folder'
import { readLabelMap } from '../image/labels'
import { writeAtomic } from '../run/atomic'
import type { Segmenter } from '../segmenter/segmenter'
import type { ClassEntry } from '../text/classes'
import { writeLabelMap } from '../write/label-map'
import { writeOverlay } from '../write/overlay'
import { type Report, type ReportItem, type ReportSection, renderReport } from './page'
import { colourLabels, dataUri, overlayUri } from './picture'

export interface Sample {
  name: string
  /** Shown instead of the name, where there is one: the caption. */
  title?: string
  image: string
  /** Label map with class indices, where there is one. */
  labels?: string
}

export interface GalleryRow {
  name: string
  /** Names found, largest share first. */
  found: { name: string; share: number }[]
  ms: number
  /** Asked for all names; over those that occur in this picture's truth or prediction. */
  miou: number | undefined
  /** The same, asked for the names the picture shows only. */
  miouPresent: number | undefined
}

export interface GalleryInput {
  segmenter: Segmenter
  classes: ClassEntry[]
  samples: Sample[]
  into: string
  confusion: ConstructorParameters<typeof FolderEvaluation>[1]
  title: string
  lead: string[]
  footer: string[]
  /** Ends after the picture in hand. */
  stop?: AbortSignal
  onRow?: (row: GalleryRow) => void
  /** What the page shows after the samples. */
  more?: (rows: GalleryRow[]) => Promise<{ items: ReportItem[]; sections: ReportSection[] }>
}

export interface Gallery {
  rows: GalleryRow[]
  page: string
  /** mIoU over all samples with a label map, and what a uniform guess would get; NaN without label maps. */
  miou: { all: number; present: number; chanceAll: number; chancePresent: number }
}

/** Shares below this are flecks: they stay in the label map and out of the legend. */
const legendShare = 0.005
const ignore = 255

/** Segments samples, writes label maps and overlays, and shows everything side by side on one page. */
export async function gallery(input: GalleryInput): Promise<Gallery> {
  const names = input.classes.map(({ name }) => name)
  const all = new FolderEvaluation(names, input.confusion, ignore)
  const present = new FolderEvaluation(names, input.confusion, ignore)
  const rows: GalleryRow[] = []
  const items: ReportItem[] = []
  for (const sample of input.samples) {
    if (input.stop?.aborted) break
    const started = performance.now()
    const answer = await input.segmenter.segment(sample.image)
    const ms = performance.now() - started
    const overlay = path.join(input.into, 'overlay', `${sample.name}.png`)
    await writeLabelMap(path.join(input.into, 'labels', `${sample.name}.png`), answer)
    await writeOverlay(overlay, sample.image, answer)
    const truth = sample.labels === undefined ? undefined : await readLabelMap(sample.labels)
    // A label map that ignores every pixel says nothing about the answer.
    const values = truth ? presentValues(truth.labels, ignore) : []
    const miou = truth && values.length > 0 ? added(all, all.measure(sample.image, truth, answer)) : undefined
    const panels = [
      { caption: 'image', src: await dataUri(sample.image) },
      { caption: `all ${names.length} names`, src: await overlayUri({ overlay, ...answer }) },
    ]
    let miouPresent: number | undefined
    if (truth !== undefined && values.length > 0) {
      const asked = values.map((value) => input.classes[value] as ClassEntry)
      const some = await input.segmenter.segment(sample.image, { classes: asked })
      miouPresent = added(present, present.measure(sample.image, truth, some, values))
      const shown = path.join(input.into, 'overlay-present', `${sample.name}.png`)
      await writeOverlay(shown, sample.image, some)
      const colors = input.classes.map(({ color }) => color)
      panels.push({ caption: `${asked.length} names shown`, src: await overlayUri({ overlay: shown, ...some }) })
      panels.push({ caption: 'truth', src: await dataUri({ ...truth, data: colourLabels(truth.labels, colors) }, true) })
    }
    const found = answer.found.map((name) => ({ name, share: answer.coverage[names.indexOf(name)]! }))
    const row = { name: sample.name, found, ms, miou, miouPresent }
    rows.push(row)
    input.onRow?.(row)
    items.push({ title: sample.title ?? sample.name, panels, ...describeRow(row, input.classes) })
  }
  const more = await input.more?.(rows)
  items.push(...(more?.items ?? []))
  const miou = { all: all.sums.mean(), present: present.sums.mean(), chanceAll: all.chance.mean(), chancePresent: present.chance.mean() }
  const page = path.join(input.into, 'index.html')
  await writeAtomic(page, renderReport({ ...describe(input, rows, miou, items), sections: more?.sections ?? [] }))
  return { rows, page, miou }
}

function added(evaluation: FolderEvaluation, { miou, sums }: ReturnType<FolderEvaluation['measure']>): number {
  evaluation.add(sums)
  return miou
}

function describeRow({ found, ms, miou, miouPresent }: GalleryRow, classes: ClassEntry[]): Pick<ReportItem, 'legend' | 'facts'> {
  const color = (name: string) => (classes.find((entry) => entry.name === name) as ClassEntry).color
  const measured = miou === undefined ? [] : [`mIoU ${miou.toFixed(2)} of all names`, `${miouPresent?.toFixed(2)} of the names shown`]
  return {
    legend: found.filter(({ share }) => share >= legendShare).map(({ name, share }) => ({ name, coverage: share, color: color(name) })),
    facts: [`${Math.round(ms)} ms`, ...measured],
  }
}

function describe(input: GalleryInput, rows: GalleryRow[], miou: Gallery['miou'], items: ReportItem[]): Report {
  const scored = (label: string, value: number, chance: number) => ({ label, value: value.toFixed(3), note: `chance ${chance.toFixed(3)}` })
  const measured = Number.isNaN(miou.all)
    ? []
    : [scored('mIoU, all names', miou.all, miou.chanceAll), scored('mIoU, names present', miou.present, miou.chancePresent)]
  const ms = rows.map((row) => row.ms).sort((a, b) => a - b)[rows.length >> 1] ?? 0
  const figures = [
    { label: 'images', value: String(rows.length) },
    { label: 'names asked for', value: String(input.classes.length) },
    { label: 'median time an image', value: `${Math.round(ms)} ms` },
  ]
  return { title: input.title, lead: input.lead, figures: [...figures, ...measured], items, footer: input.footer }
}
