import { binding } from '../binding'
import type { Clip } from '../clip/clip'
import { denseView } from '../clip/size'
import { decodeImage } from '../image/decode'
import type { ImageInput } from '../image/input'
import { orAbort, withSignal } from '../task'
import type { Background } from './options'
import type { Plan } from './plan'
import { Segmentation } from './segmentation'
import type { TextCache } from './text-cache'

/** One image: decoded beside the encoding of its names, then labelled on the device's thread. */
export async function segmentImage(clip: Clip, text: TextCache, image: ImageInput, plan: Plan): Promise<Segmentation> {
  const { signal, classes, background, orient, maxPixels, slide, templates, method } = plan
  const decoding = decodeImage(image, { orient, ...(maxPixels && { maxPixels }) })
  const [vectors, pixels] = await Promise.all([text.vectors(plan.rows, templates, signal), orAbort(decoding, signal)])
  const view = denseView(clip.source, pixels, plan.size, slide)
  const temperature = clip.info.logitScale
  const options = { ...view, temperature, background: backgroundRule(background), classes: classes.length }
  const result = await withSignal(signal, (task) => binding().segment(clip.native, pixels, vectors, options, task))
  const { name: model, dtype } = clip.info
  const size = { width: view.width, height: view.height }
  return new Segmentation(result, classes, background, { method, model, dtype, templates, size, slide, orient, background, temperature })
}

function backgroundRule(background: Background | undefined) {
  if (!background) return { kind: 'none' } as const
  return 'names' in background ? ({ kind: 'names' } as const) : ({ kind: 'threshold', threshold: background.threshold } as const)
}
