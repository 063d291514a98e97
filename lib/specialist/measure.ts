import type { ArchiveRow } from '../archive/types'
import type { CuratedImage } from '../curate/curated-set'
import type { WordmaskError } from '../errors'
import type { Segmenter } from '../segmenter/segmenter'
import type { Answer } from './figures'
import { eachImage } from './pixels'

/** An image that training has not seen. */
export interface Held {
  row: ArchiveRow
  /** Of the names. */
  shown: readonly number[]
}

/** What the network says of it: of each name the highest probability anywhere in the image. */
export interface HeldAnswer {
  id: string
  shown: readonly number[]
  scores: number[]
}

/** Asks the network, which must have no thresholds yet, of every held-out image. */
export async function answerHeld(
  segmenter: Segmenter,
  held: readonly Held[],
  signal: AbortSignal | undefined,
  onProgress: ((done: number, total: number) => void) | undefined,
  onReject: (image: ArchiveRow, error: WordmaskError) => void,
): Promise<HeldAnswer[]> {
  const answers: HeldAnswer[] = []
  let done = 0
  const rows = held.map(({ row }) => row)
  const all = eachImage(rows, signal, onReject, async (pixels, index, stop) => {
    const { row, shown } = held[index] as Held
    const answer = await segmenter.segment({ ...pixels, channels: 3 }, { signal: stop })
    return { id: row.id, shown, scores: peaks(await answer.scores()) }
  })
  for await (const { made } of all) {
    if (made) answers.push(made)
    onProgress?.(++done, held.length)
  }
  return answers.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Highest probability of each class. @param scores log-probabilities [classes, h, w] */
export function peaks({ data, shape }: { data: Float32Array; shape: readonly number[] }): number[] {
  const cells = data.length / (shape[0] as number)
  return Array.from({ length: shape[0] as number }, (_, i) =>
    Math.exp(data.subarray(i * cells, (i + 1) * cells).reduce((a, b) => Math.max(a, b))),
  )
}

/**
 * Answers of one name in two halves of the images without it, every other one: one to choose a threshold on, the other to measure on;
 * images that show it are only measured on.
 */
export function halves(answers: readonly HeldAnswer[], name: number): { choose: Answer[]; measure: Answer[] } {
  const own = answers.map(({ shown, scores }) => ({ score: scores[name] as number, shown: shown.includes(name) }))
  const without = own.filter(({ shown }) => !shown)
  const choose = without.filter((_, i) => i % 2 === 0)
  return { choose, measure: [...own.filter(({ shown }) => shown), ...without.filter((_, i) => i % 2 === 1)] }
}

/** The held-out images in which each name is found, as images of a set. */
export function foundImages(
  answers: readonly HeldAnswer[],
  rows: ReadonlyMap<string, ArchiveRow>,
  names: readonly string[],
  thresholds: readonly number[],
) {
  return names.map((name, i): CuratedImage[] =>
    answers
      .filter(({ scores }) => (scores[i] as number) >= (thresholds[i] as number))
      .sort((a, b) => (b.scores[i] as number) - (a.scores[i] as number))
      .map(({ id, scores }, rank) => ({ ...(rows.get(id) as ArchiveRow), class: name, rank, score: scores[i] as number })),
  )
}
