import { z } from 'zod'
import type { Pixels } from '../../binding'
import { imageSize } from '../clip/options'
import { WordmaskError } from '../errors'
import { positiveInteger, slideOptions } from '../options'
import { type Refine, refine, refinedBy } from '../refine/options'
import { background, type SegmentOptions } from '../segmenter/options'
import { type Defaults, type Plan, planCall, standing } from '../segmenter/plan'
import { labelPixels } from '../segmenter/run'
import type { Segmenter } from '../segmenter/segmenter'
import type { ClassSpec } from '../text/classes'
import type { Templates } from '../text/prompts'
import type { Labelled } from '../write/label-map'

/** Pixels that no training looks at. */
export const uncertainLabel = 255

const named = z.looseObject({ name: z.string() })

/** Everything beside the segmenter that decides a label map. */
export const labellingConfig = z.strictObject({
  classes: z.array(named),
  templates: z.union([z.string(), z.array(z.string())]),
  background: background.nullable(),
  size: imageSize.nullable(),
  slide: slideOptions.unwrap().nullable(),
  maxPixels: positiveInteger.nullable(),
  refine: refine.nullable(),
  /** Shares below it are uncertain. */
  threshold: z.number().gt(0).lt(1).nullable(),
  orient: z.boolean(),
  dtype: z.enum(['float32', 'bfloat16', 'float16', 'auto']),
})
export type LabellingConfig = z.infer<typeof labellingConfig>

/** What a segmenter does by itself, as the values of a config. */
export function configOf(defaults: Omit<Defaults, 'classes'>): Omit<LabellingConfig, 'classes' | 'threshold' | 'orient' | 'dtype'> {
  const { templates, background, size, slide, maxPixels, refine } = defaults
  return {
    templates: templates as LabellingConfig['templates'],
    background: (background as LabellingConfig['background']) ?? null,
    ...{ size: size ?? null, slide: slide ?? null, maxPixels: maxPixels ?? null },
    refine: refine === undefined ? null : (refinedBy(refine) as LabellingConfig['refine']),
  }
}

/** Label map of an image: class i is i, or i + 1 where 0 is background; 255 where nothing is certain enough. */
export interface PseudoLabels extends Labelled {
  labels: Uint8Array
  /** Pixels by label value, 256 of them. */
  counts: Uint32Array
}

/** A segmenter told how to label. Images go one by one, so that the same image gives the same bits in any company. */
export class Labeller {
  private readonly plan: Plan
  readonly decode: { orient: boolean; maxPixels?: number }

  /** @throws what Segmenter.segment throws for such options */
  constructor(
    private readonly segmenter: Segmenter,
    private readonly config: LabellingConfig,
  ) {
    const { classes, templates, background, size, slide, maxPixels, refine, orient } = config
    this.decode = { orient, ...(maxPixels !== null && { maxPixels }) }
    const view: SegmentOptions = {
      ...{ classes: classes as unknown as ClassSpec[], templates: templates as Templates, background, refine: refine as Refine | null },
      ...(size !== null && { size }),
      ...(slide !== null && { slide }),
    }
    this.plan = planCall(segmenter.strategy, standing(segmenter.defaults), view)
  }

  /** Before the first image. @throws ERR_WORDMASK_CLASSES, ERR_WORDMASK_VOCABULARY for names that the segmenter cannot have */
  prepare(signal: AbortSignal | undefined): Promise<void> {
    return this.segmenter.strategy.prepare(this.plan, { ...(signal && { signal }) })
  }

  async label(pixels: Pixels, signal: AbortSignal): Promise<PseudoLabels> {
    const plan = { ...this.plan, signal }
    const { scores } = await this.segmenter.strategy.score(pixels, plan)
    const { threshold } = this.config
    // With a threshold what competes is told apart from what is uncertain: label 0 is uncertain, row i is i + 1.
    const asked = threshold === null ? plan : { ...plan, classes: plan.rows, background: { threshold } }
    const { labels } = await labelPixels(pixels, scores, asked)
    const { classes, background } = this.plan
    const firstLabel = background ? 1 : 0
    const values = threshold === null ? undefined : valuesOf(this.plan.rows.length, classes.length, firstLabel)
    const { width, height } = pixels
    return { ...mapped(labels, values), width, height, classes, firstLabel }
  }
}

/** Label of a row of names, and of none (0), as a value of the map. */
function valuesOf(rows: number, classes: number, firstLabel: 0 | 1): Uint8Array {
  const values = new Uint8Array(rows + 1)
  values[0] = uncertainLabel
  for (let i = 0; i < classes; i++) values[i + 1] = i + firstLabel
  return values
}

function mapped(labels: Uint8Array | Uint16Array, values: Uint8Array | undefined) {
  const counts = new Uint32Array(256)
  const out = new Uint8Array(labels.length)
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number
    const value = values ? (values[label] as number) : label
    out[i] = value
    counts[value] = (counts[value] as number) + 1
  }
  return { labels: out, counts }
}

/** @throws ERR_WORDMASK_CLASSES for more values than a byte holds beside 255; ERR_WORDMASK_INVALID_ARGUMENT for two thresholds */
export function checkLabelling({ classes, background, threshold }: Pick<LabellingConfig, 'classes' | 'background' | 'threshold'>): void {
  const values = classes.length + (background ? 1 : 0)
  if (values >= uncertainLabel)
    throw new WordmaskError(
      'ERR_WORDMASK_CLASSES',
      `${values} label values do not fit a byte beside ${uncertainLabel}, which is for uncertain pixels: at most 254, background included`,
    )
  if (threshold !== null && background && 'threshold' in background)
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      'Expected a threshold below which pixels are background, or one below which they are uncertain, but received both',
    )
}
