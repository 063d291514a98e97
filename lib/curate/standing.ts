import type { CurateSource } from './source'

/** Images of which the `near` best, and the `far` best, say how the cosines with a name fall off. */
export interface Ranks {
  near: number
  far: number
}

/** Cosines of an archive with a name at two ranks. */
export interface FallOff {
  near: number
  far: number
}

/** Of fewer images the tail is too short to stand out of. */
const leastRanked = 4000
/** The best hundredth; of more images than this stands for, always so many. */
const mostNear = 200

/** Undefined of fewer than 4,000 images. */
export function ranksOf(images: number): Ranks | undefined {
  if (images < leastRanked) return undefined
  const near = Math.min(mostNear, Math.floor(images / 100))
  return { near, far: 10 * near }
}

/** Of scores, best first; undefined where there are fewer (hidden rows) or where they do not fall off. */
export function fallOffOf(scores: Float32Array, ranks: Ranks | undefined): FallOff | undefined {
  if (ranks === undefined) return undefined
  const [near, far] = [scores[ranks.near - 1], scores[ranks.far - 1]]
  return near !== undefined && far !== undefined && near > far && Number.isFinite(far) ? { near, far } : undefined
}

/**
 * How far a cosine lies above that of the `near` best image, in steps from the `far` best to that one. What every text does by being near to or
 * far from all images, or by dividing them much or little, is no part of it; images that show a rare name stand out.
 */
export const standing = (score: number, { near, far }: FallOff) => (score - near) / (near - far)

/** Of each of the texts [n, dim], in one pass. */
export async function fallOffs(source: CurateSource, texts: Float32Array, signal?: AbortSignal): Promise<(FallOff | undefined)[]> {
  const count = texts.length / source.dim
  const ranks = ranksOf(source.size)
  if (ranks === undefined) return new Array(count).fill(undefined)
  const { scores, k } = await source.top(texts, ranks.far, signal)
  return Array.from({ length: count }, (_, i) => fallOffOf(scores.subarray(i * k, (i + 1) * k), ranks))
}
