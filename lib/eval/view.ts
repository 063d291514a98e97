import type { ImageSize, Slide } from '../clip/options'
import { WordmaskError } from '../errors'
import type { Dataset } from './datasets/types'
import { describeResize, parseResize, type ResizeRule } from './resize-rule'

export const protocolNames = ['native', 'mmseg', 'reco'] as const
export type ProtocolName = (typeof protocolNames)[number]

/** How images are shown to a model. */
export interface View {
  /** Of image and label map, before anything; scoring happens at this size. */
  resize: ResizeRule
  /** Shorter side the model sees; 'native': the image's own; undefined: the model's. */
  size: number | 'native' | undefined
  /** The longer side is at most this. */
  most: number | undefined
  slide: Slide | undefined
}

/**
 * native: images and labels as they are, the model's own size. mmseg: MMSegmentation's sliding window as open-vocabulary work
 * uses it: shorter side 448, at most 2048, windows of 448 every 224, scored at the label map's size. reco: as ReCo's evaluation:
 * shorter side 320 and centre crop of image and label map (nearest on Cityscapes and COCO), KITTI-STEP at native size.
 */
export function viewOf(name: ProtocolName, dataset: Dataset, given: { resize?: string; size?: number; slide?: Slide }): View {
  const resize = given.resize ?? (name === 'reco' ? dataset.recoResize : 'none')
  const rule = parseResize(resize)
  const base = {
    native: { size: undefined, most: undefined, slide: undefined },
    mmseg: { size: 448, most: 2048, slide: { crop: 448, stride: 224 } },
    reco: { size: rule.kind === 'none' ? ('native' as const) : rule.side, most: undefined, slide: undefined },
  }[name]
  return {
    resize: rule,
    size: given.size ?? base.size,
    most: given.size === undefined ? base.most : undefined,
    slide: given.slide ?? base.slide,
  }
}

/** What Segmenter.segment is given for an image of this size. */
export function sizeFor({ size, most }: View, image: { width: number; height: number }): ImageSize | undefined {
  const [short, long] = [Math.min(image.width, image.height), Math.max(image.width, image.height)]
  if (size === 'native') return short
  if (size === undefined || most === undefined || (long * size) / short <= most) return size
  const scale = most / long
  return { width: Math.round(image.width * scale), height: Math.round(image.height * scale) }
}

/** '448:224' -> windows of 448 pixels every 224. */
export function parseSlide(text: string): Slide {
  const [, crop, stride] = /^(\d+):(\d+)$/.exec(text) ?? []
  if (crop === undefined || stride === undefined || Number(crop) < 1 || Number(stride) < 1 || Number(stride) > Number(crop))
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `Expected crop:stride with stride <= crop, as in 448:224, for --slide but received ${JSON.stringify(text.slice(0, 40))}`,
    )
  return { crop: Number(crop), stride: Number(stride) }
}

/** Points of protocol; `own`: what a segmenter was made with. */
export function viewPoints({ resize, size, most, slide }: View, own: ImageSize | undefined): Record<string, string> {
  const shown = size ?? own ?? "the model's own"
  return {
    resize: describeResize(resize),
    size: `${typeof shown === 'object' ? `${shown.width} x ${shown.height}` : shown}${most === undefined ? '' : ` (at most ${most})`}`,
    slide: slide ? `${slide.crop}:${slide.stride}` : 'none',
    'scored at': resize.kind === 'none' ? 'size of the label map' : 'size after resizing',
  }
}
