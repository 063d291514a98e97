import { stat } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { ConfusionMatrix } from '../eval/confusion'
import { folderOf } from '../eval/datasets/folder'
import { datasetNamed } from '../eval/datasets/registry'
import type { Dataset, Layout } from '../eval/datasets/types'
import { classRows, confusionRows, figuresOf } from '../eval/figures'
import { type Finding, inspect } from '../eval/inspect'
import type { ProtocolPoints } from '../eval/published'
import { Worst } from '../eval/worst'
import { OutputFolder } from '../run/output-folder'
import { sameName } from '../text/classes'
import { classesOf } from './classes'
import type { EvalFlags } from './commands/eval'
import { type Answers, folderAnswers, modelAnswers } from './eval-answers'
import { limited, type ScoredLine, scorePairs } from './eval-pairs'
import { type BenchmarkResult, showResult, writeResult } from './eval-report'
import type { Context } from './program'
import { progress, speak } from './terminal'
import { UsageError } from './usage'

/** Label maps looked at before anything is scored. */
const inspected = 32
/** Pictures on the sheet of the worst. */
const sheet = 12

/** `wordmask eval --dataset KEY`: a benchmark on this disk, with a model or with label maps that are there. */
export async function evaluateBenchmark(options: EvalFlags, context: Context): Promise<void> {
  const started = Date.now()
  const json = options.json ?? false
  if (options.pred !== undefined && options.refine !== undefined)
    throw new UsageError('--refine works on the scores of a model; the label maps of --pred have none')
  if (options.pred !== undefined && (options.model !== undefined || options.clip !== undefined))
    throw new UsageError('Expected either --pred DIR or a model (--model, --clip), not both')
  if (options.pred !== undefined && !(await isFolder(options.pred)))
    throw new UsageError(`The folder of predictions ${options.pred} is missing`, 'ERR_WORDMASK_FILE_NOT_FOUND')
  const root = rootOf(options)
  const dataset = await openDataset(options, root)
  const layout = await dataset.find(root)
  const unseen = await unseenOf(dataset, options.unseen)
  const answers = options.pred === undefined ? await modelAnswers(dataset, options, context) : await folderAnswers(dataset, layout, options)
  try {
    for (const note of answers.notes.filter((note) => note.startsWith('Synonyms'))) process.stderr.write(`note: ${note}\n`)
    const findings = await inspectFirst(dataset, layout, answers, options.limit, json)
    const folder = await OutputFolder.open(
      path.resolve(options.into),
      factsOfRun(options, context, dataset, root, answers),
      options.overwrite ?? false,
      context.interrupt.stop,
    )
    const result = await carryOut(options, context, { dataset, root, layout, answers, folder, findings, unseen })
    const seconds = (Date.now() - started) / 1000
    await writeResult(folder.folder, result, seconds)
    showResult(folder.folder, result, seconds, json)
  } finally {
    await answers.dispose()
  }
}

interface Opened {
  dataset: Dataset
  root: string
  layout: Layout
  answers: Answers
  folder: OutputFolder
  findings: Finding[]
  unseen: Set<number> | undefined
}

async function carryOut(options: EvalFlags, context: Context, opened: Opened): Promise<BenchmarkResult> {
  const { layout, folder } = opened
  const json = options.json ?? false
  const { binding } = await import('../binding.js')
  const { stop } = context.interrupt
  const total = process.stderr.isTTY && !json ? await countPairs(layout, options.limit) : 0
  const bar = await progress('evaluating', total, json)
  try {
    const { limit } = options
    const seen = await scorePairs({ ...opened, limit, confusion: binding().confusion, stop, json, bar }).finally(() => bar.stop())
    const result = await summarise(options, opened, seen)
    await folder.close('done')
    return result
  } catch (error) {
    await folder.fail(stop.aborted ? 'interrupted' : 'failed')
    throw error
  }
}

async function summarise(
  { metric }: EvalFlags,
  { dataset, root, layout, answers, folder, findings, unseen }: Opened,
  seen: Set<string>,
): Promise<BenchmarkResult> {
  const matrix = new ConfusionMatrix(dataset.classes.length)
  const worst = new Worst<ScoredLine & { image: string }>(sheet)
  let how: ProtocolPoints = {}
  const counts = { images: 0, rejected: folder.record.counts.rejected, pixels: 0, ignored: 0 }
  for await (const line of folder.lines()) {
    if (!seen.has(line.image)) continue
    const scored = line as unknown as ScoredLine & { image: string }
    matrix.addSparse(scored.matrix)
    if (counts.images === 0) how = scored.how
    counts.images++
    counts.pixels += scored.pixels
    counts.ignored += scored.ignored
    if (scored.miou !== null) worst.add(scored.miou, scored)
  }
  const points = { ...answers.points, ...how, mean: metric, images: String(counts.images) }
  return {
    ...{ dataset, root, layout, answers, findings, counts, points },
    figures: figuresOf(matrix, metric, unseen),
    perClass: classRows(matrix, dataset, unseen),
    confused: confusionRows(matrix, dataset),
    worst: worst.items.map(({ item }) => item),
  }
}

async function inspectFirst(
  dataset: Dataset,
  layout: Layout,
  answers: Answers,
  limit: number | undefined,
  json: boolean,
): Promise<Finding[]> {
  const { predictions, view } = answers
  const { findings } = await inspect(limited(layout.pairs(), limit), layout, dataset.classes.length, predictions, view.resize, inspected)
  for (const finding of findings) {
    speak(json, { event: 'finding', ...finding }, undefined)
    if (!finding.fatal) process.stderr.write(`warning: ${finding.message}\n`)
  }
  const fatal = findings.filter((finding) => finding.fatal)
  if (fatal.length > 0) throw new WordmaskError('ERR_WORDMASK_CLASSES', fatal.map(({ message }) => message).join(' '))
  return findings
}

function rootOf({ root, dataset }: EvalFlags): string {
  const given = root ?? process.env.DETECTRON2_DATASETS
  if (given === undefined || given === '')
    throw new UsageError(`Expected --root DIR, where ${dataset} lies, or DETECTRON2_DATASETS in the environment`)
  return path.resolve(given)
}

async function openDataset({ dataset, classes, labels, background }: EvalFlags, root: string): Promise<Dataset> {
  if (dataset !== 'folder') {
    if (classes !== undefined)
      throw new UsageError('The classes of a benchmark are its own; for other spellings of their names use --names')
    return datasetNamed(dataset as string)
  }
  const beside = path.join(root, 'classes.txt')
  const list = classes ?? ((await stat(beside).catch(() => undefined)) ? beside : undefined)
  if (list === undefined) throw new UsageError(`Expected --classes, or a class file ${beside}`)
  return folderOf(await classesOf(list), background !== undefined, labels)
}

/** Indices of the classes kept out of training: the data set's own split, or names given. */
async function unseenOf(dataset: Dataset, given: string | undefined): Promise<Set<number> | undefined> {
  const names = given === undefined ? dataset.unseen?.names : (await classesOf(given)).map(({ name }) => name)
  if (names === undefined) return undefined
  const indices = names.map((name) => {
    const index = dataset.classes.findIndex((entry) => sameName(entry.name) === sameName(name))
    if (index < 0)
      throw new WordmaskError('ERR_WORDMASK_CLASSES', `--unseen names ${JSON.stringify(name)}, which is no class of ${dataset.title}`)
    return index
  })
  return new Set(indices)
}

async function countPairs(layout: Layout, limit: number | undefined): Promise<number> {
  let count = 0
  for await (const _ of limited(layout.pairs(), limit)) count++
  return count
}

function factsOfRun({ seed, unseen }: EvalFlags, { argv }: Context, dataset: Dataset, root: string, answers: Answers) {
  const { facts, notes, names, settings, view } = answers
  return {
    ...facts,
    ...{ command: 'eval', argv, cwd: process.cwd(), classes: names, seed, notes },
    settings: {
      weights: facts.model.weights.map(({ sha256 }) => sha256),
      dataset: dataset.key,
      root,
      classes: dataset.classes,
      view,
      unseen: unseen ?? null,
      ...settings,
    },
  }
}

const isFolder = async (file: string) => (await stat(file).catch(() => undefined))?.isDirectory() === true
