import path from 'node:path'
import type { Dataset, Layout } from '../eval/datasets/types'
import type { ClassRow, ConfusionRow, Figures } from '../eval/figures'
import type { Finding } from '../eval/inspect'
import { type ProtocolPoints, protocolDifferences, publishedFigures } from '../eval/published'
import { writeAtomic } from '../run/atomic'
import { csv } from './csv'
import type { Answers } from './eval-answers'
import type { ScoredLine } from './eval-pairs'
import { writeWorstSheet } from './eval-worst'
import { shownPath, speak, table } from './terminal'

/** Everything an evaluation of a benchmark found out. */
export interface BenchmarkResult {
  dataset: Dataset
  root: string
  layout: Layout
  answers: Answers
  findings: Finding[]
  counts: { images: number; rejected: number; pixels: number; ignored: number }
  points: ProtocolPoints
  /** In percent. */
  figures: Figures
  perClass: ClassRow[]
  confused: ConfusionRow[]
  worst: (ScoredLine & { image: string })[]
}

/** Published rows of this method on this set, with the points of protocol in which this run differs. */
function comparisons({ answers, dataset, points }: BenchmarkResult) {
  if (answers.method === undefined) return []
  return publishedFigures(answers.method, dataset.key).map((entry) => ({
    ...entry,
    differences: protocolDifferences(points, entry.protocol),
  }))
}

/** eval.json, per-class.csv, confusion.csv, worst.html and worst.jpg. */
export async function writeResult(into: string, result: BenchmarkResult, seconds: number): Promise<void> {
  const { dataset, root, layout, answers, findings, counts, points, figures, perClass, confused } = result
  const { model, device, dtype } = answers.facts
  const document = {
    ...{ format: 'wordmask-eval', version: 1, model, device, dtype },
    dataset: {
      key: dataset.key,
      title: dataset.title,
      root,
      layout: layout.description,
      classes: dataset.classes.length,
      source: dataset.source,
    },
    ...{ counts, protocol: points, unit: 'percent', figures, perClass, confused: confused.slice(0, 20) },
    ...{ findings, published: comparisons(result), seconds },
  }
  await writeAtomic(path.join(into, 'eval.json'), `${JSON.stringify(document, null, 2)}\n`)
  await writeAtomic(path.join(into, 'per-class.csv'), csv(perClass.map((row) => ({ ...row }))))
  await writeAtomic(path.join(into, 'confusion.csv'), csv(confused.map((row) => ({ ...row }))))
  await writeWorstSheet(into, result)
}

const digits = (value: number | undefined) => (value === undefined ? 'nan' : value.toFixed(2))

export function showResult(into: string, result: BenchmarkResult, seconds: number, json: boolean): void {
  const { dataset, layout, counts, points, figures, perClass, confused, answers } = result
  const published = comparisons(result)
  if (json) {
    for (const [measure, value] of Object.entries(figures)) speak(true, { event: 'figure', measure, value: value ?? null }, undefined)
    for (const entry of published) speak(true, { event: 'published', ...entry }, undefined)
    speak(true, { event: 'summary', into, dataset: dataset.key, protocol: points, ...counts, ms: Math.round(seconds * 1000) }, undefined)
    return
  }
  const share = ((100 * counts.ignored) / counts.pixels).toFixed(1)
  const rejected = counts.rejected > 0 ? `; ${counts.rejected} left out, see rejects.jsonl` : ''
  const lines = [
    `${dataset.title} (${dataset.key}): ${counts.images} images, ${counts.pixels} pixels, ${share}% of them ignored${rejected}`,
    `read from ${layout.description}`,
    '',
    table(
      ['class', 'IoU', 'Acc', 'truth %', 'predicted %'],
      perClass.map(({ class: name, iou, acc, truth, predicted }) => [
        name,
        digits(iou),
        digits(acc),
        truth.toFixed(2),
        predicted.toFixed(2),
      ]),
    ),
    '',
    ...confused.slice(0, 5).map((row) => `${row.truth} taken for ${row.predicted}: ${row.share.toFixed(1)}% of its pixels`),
    '',
    table(Object.keys(figures), [Object.values(figures).map((value: number | undefined) => digits(value))]),
    '',
    ...wrapped(
      `protocol: ${Object.entries(points)
        .map(([point, value]) => `${point} ${value}`)
        .join('; ')}`,
    ),
    ...publishedLines(answers.method, dataset, published),
    '',
    `${seconds.toFixed(1)} s. Results: ${shownPath(into)} (eval.json, per-class.csv, confusion.csv, worst.html, ${answers.predictions ? '' : 'pred/, '}run.json)`,
  ]
  speak(false, {}, lines.join('\n'))
}

function publishedLines(method: string | undefined, dataset: Dataset, published: ReturnType<typeof comparisons>): string[] {
  if (method === undefined) return ['published: no comparison, since it is not known whose maps these are']
  if (published.length === 0) return [`published: no figure of ${method} on ${dataset.title} is known here`]
  return published.flatMap(({ row, figures, source, differences }) => {
    const values = Object.entries(figures).map(([measure, value]) => `${measure} ${value.toFixed(1)}`)
    const differs = differences.map(({ point, published: there, here }) => `${point} (there ${there}, here ${here})`)
    return wrapped(
      `published: ${row}: ${values.join(', ')} (${source}); ${differs.length > 0 ? `differs in ${differs.join(', ')}` : 'no known point of protocol differs'}`,
    )
  })
}

/** Lines of at most 120 letters, broken between words. */
function wrapped(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > 120) lines.push(last === undefined ? word : `  ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
