import type { LabelOptions, LabelResult, Pixels } from '../../binding'
import { binding } from '../binding'
import { decodeImage } from '../image/decode'
import type { ImageInput } from '../image/input'
import { orAbort, withSignal } from '../task'
import type { SegmentMethod } from './method'
import type { Plan } from './plan'
import type { Scores } from './scores'
import { Segmentation } from './segmentation'

/** One image: decoded while its names are prepared, scored by the method, then labelled. */
export async function segmentImage(method: SegmentMethod, image: ImageInput, plan: Plan): Promise<Segmentation> {
  const { signal, classes, background, orient, maxPixels, slide, templates } = plan
  const decoding = decodeImage(image, { orient, ...(maxPixels && { maxPixels }) })
  const [pixels] = await Promise.all([orAbort(decoding, signal), method.prepare(plan, { signal })])
  const { scores, seen } = await method.score(pixels, plan)
  const labels = await labelPixels(pixels, scores, plan)
  const { temperature } = scores
  return new Segmentation(labels, scores, classes, background, {
    ...{ method: method.name, ...seen, templates, slide, orient, background },
    ...(plan.refine && { refine: plan.refine }),
    ...(temperature !== undefined && { temperature }),
  })
}

/** Scores in, labels of the size of the image out. */
export async function labelPixels(
  pixels: Pixels,
  scores: Scores,
  { classes, background, refine, signal }: Pick<Plan, 'classes' | 'background' | 'refine' | 'signal'>,
): Promise<LabelResult> {
  const { width, height } = pixels
  const { temperature } = scores
  const options = { width, height, classes: classes.length, background: backgroundRule(background, temperature) }
  const grids = [...scores.grids]
  if (!refine) return withSignal(signal, (task) => binding().labelGrids(grids, options, task))
  const scaled = { ...options, ...(temperature !== undefined && { temperature }) }
  return withSignal(signal, (task) => binding().refineGrids(pixels, grids, scaled, refine, task))
}

function backgroundRule(background: Plan['background'], temperature: number | undefined): LabelOptions['background'] {
  if (!background) return { kind: 'none' }
  if ('names' in background) return { kind: 'names' }
  return { kind: 'threshold', threshold: background.threshold, ...(temperature !== undefined && { temperature }) }
}
