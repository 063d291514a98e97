import { decodeImage } from '../image/decode'
import type { RawImage } from '../image/input'
import type { ClassMap } from './class-map'
import { bilinear, cut, nearest } from './resample'
import { type ResizeRule, resizedTo } from './resize-rule'

/** The image as the protocol shows it to a model. */
export async function readImage(file: string, rule: ResizeRule, orient: boolean): Promise<RawImage> {
  const image = await decodeImage(file, { orient })
  const plan = resizedTo(image, rule)
  if (plan === undefined || rule.kind === 'none') return { ...image, channels: 3 }
  const scaled = rule.filter === 'nearest' ? nearest(image.data, image, plan.scaled, 3) : await bilinear(image.data, image, plan.scaled)
  return { data: cut(scaled, plan.scaled, plan.left, plan.top, plan.kept, 3), ...plan.kept, channels: 3 }
}

/** The label map at the same size: nearest, always. */
export function fitClasses(map: ClassMap, rule: ResizeRule): ClassMap {
  const plan = resizedTo(map, rule)
  if (plan === undefined) return map
  const scaled = nearest(map.classes, map, plan.scaled, 1)
  return { classes: cut(scaled, plan.scaled, plan.left, plan.top, plan.kept, 1), ...plan.kept }
}

/**
 * Truth and prediction at the size that is scored. A prediction may have that size already, or the size of the label map;
 * undefined for any other.
 */
export function meet(truth: ClassMap, prediction: ClassMap, rule: ResizeRule): { truth: ClassMap; prediction: ClassMap } | undefined {
  const scored = fitClasses(truth, rule)
  if (sameSize(prediction, scored)) return { truth: scored, prediction }
  if (sameSize(prediction, truth)) return { truth: scored, prediction: fitClasses(prediction, rule) }
  return undefined
}

const sameSize = (a: ClassMap, b: ClassMap) => a.width === b.width && a.height === b.height
