import { stat } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import type { ClassMap } from '../eval/class-map'
import { type Dataset, ignored, type Layout, type Pair } from '../eval/datasets/types'
import { type CountConfusion, type PictureScore, readTruth, scorePicture } from '../eval/picture'
import type { ProtocolPoints } from '../eval/published'
import { mapOrdered } from '../image/stream'
import { isDiskFull } from '../run/atomic'
import type { OutputFolder, Pending } from '../run/output-folder'
import { writeLabelMap } from '../write/label-map'
import type { Answers } from './eval-answers'
import { type Progress, sayRejected, speak } from './terminal'

/** What images.jsonl keeps of a pair. */
export interface ScoredLine extends PictureScore {
  id: string
  labels: string
  /** The predicted map, in class indices: below the output folder, or where --pred has it. */
  prediction: string
  outputs: string[]
  /** Points of protocol that the answer told. */
  how: ProtocolPoints
}

export interface PairsInput {
  dataset: Dataset
  layout: Layout
  answers: Answers
  folder: OutputFolder
  limit: number | undefined
  confusion: CountConfusion
  stop: AbortSignal
  json: boolean
  bar: Progress
}

interface Work {
  pair: Pair
  image: Pending
  /** Of a pair that is missing a file. */
  missing?: WordmaskError
  prediction: string | undefined
}

/** Rejections shown on stderr; the rest are counted. All of them are in rejects.jsonl. */
const shownRejections = 5

/** Scores every pair that no earlier sitting scored. Resolves with the paths of all pairs of this run, those done before included. */
export async function scorePairs(input: PairsInput): Promise<Set<string>> {
  const { dataset, folder, answers, stop, json, bar } = input
  const { counts } = folder.record
  const seen = new Set<string>()
  const reject = async (pair: Pair, error: unknown) => {
    const { code, message } = error as { code?: string; message: string }
    await folder.rejected({ path: keyOf(pair, answers) }, { code, message })
    speak(json, { event: 'rejected', image: pair.id, code, message }, undefined)
    if (counts.rejected <= shownRejections) sayRejected(pair.id, message)
    else if (counts.rejected === shownRejections + 1) process.stderr.write('rejected: more of them; all are in rejects.jsonl\n')
  }
  const work = async ({ pair, image, missing, prediction }: Work) => {
    try {
      if (missing) throw missing
      return { pair, image, scored: await scoreOne(input, pair, image, prediction) }
    } catch (error) {
      // A label map that does not belong to the class list would be wrong for every image: that is no bad image.
      if ((error as { code?: string }).code === 'ERR_WORDMASK_CLASSES' || isDiskFull(error)) throw error
      return { pair, image, error }
    }
  }
  for await (const outcome of mapOrdered(pending(input, seen), work, { concurrency: 2 })) {
    if (outcome.scored) {
      await folder.finished(outcome.image, { ...outcome.scored })
      speak(json, { event: 'image', image: outcome.pair.id, miou: outcome.scored.miou }, undefined)
    } else await reject(outcome.pair, outcome.error)
    bar.step(counts.done + counts.skipped + counts.rejected)
  }
  const measured = counts.done + counts.skipped
  if (stop.aborted)
    throw new WordmaskError('ERR_WORDMASK_ABORTED', `Stopped after ${measured} images; the figures come when all are scored`)
  if (measured === 0)
    throw new WordmaskError(
      'ERR_WORDMASK_IMAGE',
      `None of the ${counts.rejected} pairs of ${dataset.title} could be scored; the reasons are above and in rejects.jsonl`,
    )
  return seen
}

/** A pair is known by its image, and by its label map where the predictions are there already. */
const keyOf = (pair: Pair, { predictions }: Answers) => (predictions ? pair.labels : pair.image)

/** The first `limit` pairs. */
export async function* limited(pairs: AsyncIterable<Pair>, limit: number | undefined): AsyncGenerator<Pair> {
  let count = 0
  for await (const pair of pairs) {
    if (limit !== undefined && count++ >= limit) return
    yield pair
  }
}

async function* pending({ layout, answers, folder, limit, stop }: PairsInput, seen: Set<string>): AsyncGenerator<Work> {
  for await (const pair of limited(layout.pairs(), limit)) {
    if (stop.aborted) return
    const key = keyOf(pair, answers)
    const none = { path: key, name: pair.id, bytes: -1, modified: -1 }
    if (pair.missing === 'labels' || (pair.missing === 'image' && !answers.predictions)) {
      const what = pair.missing === 'labels' ? `label map is missing: ${pair.labels}` : `image is missing: ${pair.image}`
      yield {
        pair,
        image: none,
        missing: new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${pair.id}: the ${what}`),
        prediction: undefined,
      }
      continue
    }
    const prediction = await answers.predictions?.fileOf(pair).catch((error: WordmaskError) => error)
    if (prediction instanceof WordmaskError) {
      yield { pair, image: none, missing: prediction, prediction: undefined }
      continue
    }
    seen.add(key)
    const state = await stateOf([pair.labels, prediction ?? pair.image])
    const expected = (name: string) => (answers.predictions ? [] : [`pred/${name}.png`])
    const image = await folder.pendingIn({ path: key, relative: `${pair.id}.png` }, state, expected)
    if (image !== undefined) yield { pair, image, prediction }
  }
}

/** A pair one of whose files changed is scored again. */
async function stateOf(files: string[]): Promise<{ bytes: number; modified: number }> {
  const found = await Promise.all(files.map((file) => stat(file).catch(() => undefined)))
  return {
    bytes: found.reduce((sum, file) => sum + (file?.size ?? -1), 0),
    modified: Math.trunc(Math.max(...found.map((file) => file?.mtimeMs ?? -1))),
  }
}

async function scoreOne(input: PairsInput, pair: Pair, image: Pending, prediction: string | undefined): Promise<ScoredLine> {
  const { dataset, layout, answers, folder, confusion } = input
  const n = dataset.classes.length
  const [truth, { map, how }] = await Promise.all([readTruth(pair, layout, n), answers.answer(pair)])
  const score = scorePicture(pair.id, truth, map, answers.view.resize, n, confusion)
  const output = `pred/${image.name}.png`
  if (prediction === undefined) await writePrediction(path.join(folder.folder, output), map, dataset)
  const outputs = prediction === undefined ? [output] : []
  return { id: pair.id, labels: pair.labels, prediction: prediction ?? output, outputs, how, ...score }
}

/** Class indices in the data set's colours; 255 (65,535 in 16 bits) is no answer. --pred reads it back. */
async function writePrediction(file: string, { classes, width, height }: ClassMap, dataset: Dataset): Promise<void> {
  const small = dataset.classes.length <= 255
  const labels = small ? Uint8Array.from(classes, (c) => (c === ignored ? 255 : c)) : classes
  const entries = dataset.classes.map(({ name, color }, i) => ({ name, color, id: i + 1, synonyms: [], prompts: undefined, negatives: [] }))
  await writeLabelMap(file, { labels, width, height, classes: entries, firstLabel: 0 })
}
