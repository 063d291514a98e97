import { labelFile } from '../eval/folder'
import { readLabelMap } from '../image/labels'
import { throwIfAborted } from '../options'
import type { Segmenter } from '../segmenter/segmenter'
import type { LabelledFolder } from '../train/segmenter/options'
import { listPairs } from '../train/segmenter/pairs'
import { type Answer, type ImageFigures, Iou, imageFigures } from './figures'

export interface TruthFigures {
  iou: number
  /** Of ReCo on the same images, contexts competing. */
  recoIou: number
  images: ImageFigures
}

/** Both segmenters against label maps: 0 is everything else, i + 1 the name i. -> of each name */
export async function measureTruth(
  truth: LabelledFolder,
  specialist: Segmenter,
  reco: Segmenter,
  competing: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TruthFigures[]> {
  const classes = specialist.classes ?? []
  const sums = classes.map(() => ({ own: new Iou(), reco: new Iou(), answers: [] as Answer[] }))
  const view = { ...(competing.length > 0 && { background: { names: [...competing] } }), ...(signal && { signal }) }
  for (const { image, relative } of await listPairs(truth, signal)) {
    throwIfAborted(signal)
    const { labels } = await readLabelMap(await labelFile(truth.labels, relative))
    const own = await specialist.segment(image, signal ? { signal } : {})
    const other = await reco.segment(image, view)
    for (const [i, { own: a, reco: b, answers }] of sums.entries()) {
      a.add(own.labels, labels, i + 1)
      b.add(
        other.labels.map((label) => label + 1 - other.firstLabel),
        labels,
        i + 1,
      )
      answers.push({ score: own.labels.includes(i + 1) ? 1 : 0, shown: labels.includes(i + 1) })
    }
  }
  return sums.map(({ own, reco: other, answers }) => ({ iou: own.value, recoIou: other.value, images: imageFigures(answers, 0.5) }))
}
