import { invalidArgument } from '../errors'
import type { CuratedImage, CuratedSet } from './curated-set'
import type { Decisions } from './decisions'
import { sample } from './random'
import { type Interval, wilson } from './wilson'

export interface Audit {
  /** Goes into every decision: the set, the seed and the size of the sample. */
  id: string
  /** In random order. */
  images: CuratedImage[]
}

/** Precision that people measured on a random sample. Never to be called estimated, as scores alone are. */
export interface Measured {
  audit: string
  /** Images of the sample. */
  asked: number
  judged: number
  right: number
  /** Share of right ones among the judged, and Wilson's 95% interval for the whole set. */
  precision: Interval
  perClass: { name: string; judged: number; right: number }[]
  /** The estimate from scores beside it, over all images that have one. */
  estimated: number | undefined
  text: string
}

/** A simple random sample of the images of a set (an image of two classes counts twice), the same for the same seed. */
export function drawAudit(set: CuratedSet, count: number, seed: number): Audit {
  const all = [...set.images()]
  return { id: `${set.key}-${seed}-${count}`, images: sample(all.length, count, seed).map((i) => all[i] as CuratedImage) }
}

export function measure(set: CuratedSet, decisions: Decisions): Measured {
  const id = [...decisions].find(({ audit }) => audit?.startsWith(`${set.key}-`))?.audit
  const [, seed, count] = /^[0-9a-f]{16}-(\d+)-(\d+)$/.exec(id ?? '') ?? []
  if (id === undefined || seed === undefined)
    throw invalidArgument(
      'decisions',
      `decisions on a random sample of this very set (audit "${set.key}-..."): review with --audit 50`,
      'none',
    )
  const { images } = drawAudit(set, Number(count), Number(seed))
  const perClass = new Map<string, { name: string; judged: number; right: number }>()
  for (const { class: name, id: image } of images) {
    const decision = decisions.of(name, image)
    if (decision?.audit !== id) continue
    const one = perClass.get(name) ?? { name, judged: 0, right: 0 }
    one.judged++
    if (decision.decision === 'accept') one.right++
    perClass.set(name, one)
  }
  const rows = [...perClass.values()]
  const judged = rows.reduce((n, row) => n + row.judged, 0)
  const right = rows.reduce((n, row) => n + row.right, 0)
  const precision = wilson(right, judged)
  const estimated = estimatedOf(set)
  const figures = { audit: id, asked: images.length, judged, right, precision, perClass: rows, estimated }
  return { ...figures, text: sentence(figures) }
}

/** Mean over the images of the classes that have an estimate. */
export function estimatedOf(set: CuratedSet): number | undefined {
  let sum = 0
  let n = 0
  for (const { images, estimatedPrecision } of set.classes) {
    if (estimatedPrecision === undefined) continue
    const scored = images.filter(({ accepted }) => accepted !== true).length
    sum += scored * estimatedPrecision
    n += scored
  }
  return n === 0 ? undefined : sum / n
}

function sentence({ asked, judged, right, precision, estimated }: Omit<Measured, 'text'>): string {
  const { value, low, high } = precision
  const rest = judged < asked ? `; ${asked - judged} were not judged, which may flatter it` : ''
  const measured = `measured precision ${value.toFixed(3)} (${right} of ${judged} images of a random sample of ${asked}; Wilson 95% interval ${low.toFixed(3)} to ${high.toFixed(3)}${rest})`
  return estimated === undefined ? measured : `${measured}; estimated precision ${estimated.toFixed(3)} (from scores, checked by nobody)`
}
