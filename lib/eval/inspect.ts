import sharp from 'sharp'
import type { WordmaskError } from '../errors'
import { type ClassMap, countIgnored, toClasses } from './class-map'
import { ignored, type Layout, type Pair } from './datasets/types'
import { meet } from './fit'
import type { PredictionFolder } from './predictions'
import { readLabels } from './read-labels'
import type { ResizeRule } from './resize-rule'

/** What is wrong, or looks so, before anything is scored. */
export interface Finding {
  kind: 'outside' | 'shift' | 'ignored' | 'size' | 'prediction-shift' | 'prediction-size'
  /** Nothing can be scored. */
  fatal: boolean
  message: string
}

/** Sums over the label maps that were looked at. */
interface Sums {
  maps: number
  pixels: number
  ignored: number
  /** Pixels of every raw value. */
  values: Float64Array
  strange: Map<number, { pixels: number; maps: number; file: string }>
  sizes: string[]
  predicted: { pixels: number; same: number; above: number; below: number; sizes: string[] }
}

/** Looks at the first label maps (and predictions) of a set; files that cannot be read are left to the scoring to report. */
export async function inspect(
  pairs: AsyncIterable<Pair>,
  layout: Layout,
  n: number,
  predictions: PredictionFolder | undefined,
  rule: ResizeRule,
  most: number,
): Promise<{ looked: number; findings: Finding[] }> {
  const predicted = { pixels: 0, same: 0, above: 0, below: 0, sizes: [] }
  const sums: Sums = { maps: 0, pixels: 0, ignored: 0, values: new Float64Array(65536), strange: new Map(), sizes: [], predicted }
  for await (const pair of pairs) {
    if (sums.maps >= most) break
    if (pair.missing === 'labels' || (pair.missing === 'image' && predictions === undefined)) continue
    const raw = await readLabels(pair.labels, layout.read).catch(() => undefined)
    if (raw === undefined) continue
    const { classes, strange } = await toClasses(raw.labels, layout.values)
    addLabels(sums, pair, raw.labels, classes, strange)
    const truth = { classes, width: raw.width, height: raw.height }
    if (predictions) await comparePrediction(sums, pair, truth, predictions, rule)
    else await compareImage(sums, pair, truth)
  }
  return { looked: sums.maps, findings: [...aboutLabels(sums, layout, n), ...aboutPredictions(sums, layout)] }
}

function addLabels(sums: Sums, pair: Pair, labels: ArrayLike<number>, classes: Uint16Array, strange: Map<number, number>): void {
  sums.maps++
  sums.pixels += labels.length
  sums.ignored += countIgnored(classes)
  for (let i = 0; i < labels.length; i++) sums.values[labels[i]!]!++
  for (const [value, pixels] of strange) {
    const before = sums.strange.get(value) ?? { pixels: 0, maps: 0, file: pair.labels }
    sums.strange.set(value, { pixels: before.pixels + pixels, maps: before.maps + 1, file: before.file })
  }
}

async function compareImage(sums: Sums, pair: Pair, truth: ClassMap): Promise<void> {
  const found = await sharp(pair.image)
    .metadata()
    .catch(() => undefined)
  if (!found) return
  const same = (width: number, height: number) => width === truth.width && height === truth.height
  // An image that is stored turned fits in one of the two ways.
  if (!same(found.width, found.height) && !same(found.height, found.width))
    sums.sizes.push(`${pair.id}: image ${found.width} x ${found.height}, labels ${truth.width} x ${truth.height}`)
}

async function comparePrediction(sums: Sums, pair: Pair, truth: ClassMap, predictions: PredictionFolder, rule: ResizeRule): Promise<void> {
  const file = await predictions.fileOf(pair).catch(() => undefined)
  if (file === undefined) return
  const prediction = await predictions.read(file).catch((error: WordmaskError) => {
    if (error.code === 'ERR_WORDMASK_CLASSES') throw error
    return undefined
  })
  if (prediction === undefined) return
  const { predicted } = sums
  const both = meet(truth, prediction, rule)
  if (both === undefined) {
    predicted.sizes.push(`${pair.id}: prediction ${prediction.width} x ${prediction.height}, labels ${truth.width} x ${truth.height}`)
    return
  }
  for (let i = 0; i < both.truth.classes.length; i++) {
    const [t, p] = [both.truth.classes[i]!, both.prediction.classes[i]!]
    if (t === ignored) continue
    predicted.pixels++
    if (p === t) predicted.same++
    else if (p === t + 1) predicted.above++
    else if (p === t - 1) predicted.below++
  }
}

function aboutLabels({ maps, pixels, values, strange, sizes, ...sums }: Sums, layout: Layout, n: number): Finding[] {
  const findings: Finding[] = []
  if (strange.size > 0) {
    const list = [...strange].sort(([a], [b]) => a - b)
    const shown = list.slice(0, 8).map(([value, { pixels: count, maps: in_ }]) => `${value} (${count} pixels in ${in_} of ${maps} maps)`)
    const from = list[0]![1].file
    const more = list.length > 8 ? ` and ${list.length - 8} more` : ''
    const message = `Label maps hold values that none of the ${n} classes has: ${shown.join(', ')}${more}; the first is ${from}.`
    findings.push({ kind: 'outside', fatal: true, message })
    const shift = shiftOf(layout, n, values, [...strange.keys()])
    if (shift) findings.push({ kind: 'shift', fatal: true, message: shift })
  }
  const share = pixels > 0 ? sums.ignored / pixels : 0
  if (share > 0.5) {
    const message = `${(100 * share).toFixed(1)}% of the label pixels do not count (${maps} maps looked at): the figures rest on the rest.`
    findings.push({ kind: 'ignored', fatal: false, message })
  }
  if (sizes.length > 0) {
    const message = `${sizes.length} of ${maps} images differ in size from their label maps: ${sizes.slice(0, 3).join('; ')}.`
    findings.push({ kind: 'size', fatal: false, message })
  }
  return findings
}

/** A list read one too low or one too high shows at its ends. */
function shiftOf({ values: map }: Layout, n: number, values: Float64Array, strange: number[]): string | undefined {
  const startsAtOne = map[0] === ignored && map[1] === 0
  if (map[0] === 0 && strange.length === 1 && strange[0] === n && values[0] === 0)
    return `This looks like a shift by one: values run from 1 to ${n}, and the classes are expected from 0 to ${n - 1} (0 may be what belongs to no class).`
  if (startsAtOne && strange.includes(255) && values[n] === 0)
    return `This looks like a shift by one: 255 occurs and ${n} does not, as in maps whose classes run from 0 to ${n - 1}; here they are expected from 1 to ${n}.`
  return undefined
}

function aboutPredictions({ maps, predicted }: Sums, layout: Layout): Finding[] {
  const { pixels, same, above, below, sizes } = predicted
  const findings: Finding[] = []
  const percent = (count: number) => `${((100 * count) / pixels).toFixed(1)}%`
  for (const [count, what] of [
    [above, 'one more than the class'],
    [below, 'one less than the class'],
  ] as const) {
    if (pixels === 0 || count <= 2 * same || count <= pixels / 5) continue
    const own = layout.values[0] === ignored ? ' If they hold the values of the label maps, add --pred-ids labels.' : ''
    const message = `Predictions look shifted by one: ${percent(count)} of the pixels hold ${what}, ${percent(same)} the class itself.${own}`
    findings.push({ kind: 'prediction-shift', fatal: false, message })
  }
  if (sizes.length > 0) {
    const message = `${sizes.length} of ${maps} predictions differ in size from their label maps: ${sizes.slice(0, 3).join('; ')}.`
    findings.push({ kind: 'prediction-size', fatal: false, message })
  }
  return findings
}
