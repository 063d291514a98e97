import path from 'node:path'
import { toClasses } from '../eval/class-map'
import { type Dataset, ignored } from '../eval/datasets/types'
import { contiguous } from '../eval/datasets/values'
import { meet, readImage } from '../eval/fit'
import { readTruth } from '../eval/picture'
import { readLabels } from '../eval/read-labels'
import { type WorstPicture, writeWorst } from '../report/worst'
import type { ScoredLine } from './eval-pairs'
import type { BenchmarkResult } from './eval-report'

/** The sheet of the worst pictures, read once more from the disk. */
export async function writeWorstSheet(into: string, result: BenchmarkResult): Promise<void> {
  const { dataset, figures, counts, points } = result
  const percent = (value: number | undefined) => (value === undefined ? 'nan' : value.toFixed(2))
  await writeWorst(into, {
    title: dataset.title,
    figures: [
      ...Object.entries(figures).map(([label, value]) => ({ label, value: percent(value as number | undefined) })),
      { label: 'images', value: String(counts.images) },
    ],
    classes: dataset.classes,
    pictures: pictures(into, result),
    footer: [
      Object.entries(points)
        .map(([point, value]) => `${point} ${value}`)
        .join('; '),
    ],
  })
}

async function* pictures(into: string, { dataset, layout, answers, worst }: BenchmarkResult): AsyncGenerator<WorstPicture> {
  for (const line of worst) {
    const { id, labels, miou } = line
    const truth = await readTruth({ id, image: line.image, labels }, layout, dataset.classes.length)
    const prediction = answers.predictions
      ? await answers.predictions.read(line.prediction)
      : await ownPrediction(path.join(into, line.prediction), dataset)
    const both = meet(truth, prediction, answers.view.resize)
    if (both === undefined) continue
    const image = answers.predictions ? undefined : await readImage(line.image, answers.view.resize, answers.orient)
    yield { id, miou: miou as number, mistakes: mistakes(line, dataset), image, ...both }
  }
}

async function ownPrediction(file: string, { classes: { length } }: Dataset) {
  const { labels, width, height } = await readLabels(file)
  const { classes } = await toClasses(labels, contiguous(length, length > 255 ? [ignored] : [255]))
  return { classes, width, height }
}

function mistakes({ matrix }: ScoredLine, { classes }: Dataset): string[] {
  const wrong: { text: string; pixels: number }[] = []
  for (let i = 0; i < matrix.length; i += 3) {
    const [truth, predicted, pixels] = matrix.slice(i, i + 3) as [number, number, number]
    if (truth !== predicted) wrong.push({ pixels, text: `${classes[truth]?.name} taken for ${classes[predicted]?.name ?? '(no answer)'}` })
  }
  return wrong
    .sort((a, b) => b.pixels - a.pixels)
    .slice(0, 3)
    .map(({ text }) => text)
}
