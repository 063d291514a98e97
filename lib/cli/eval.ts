import path from 'node:path'
import { writeAtomic } from '../run/atomic'
import { OutputFolder, refuseOtherRun } from '../run/output-folder'
import { RunRecord } from '../run/run-file'
import type { EvalFlags } from './commands/eval'
import { csv } from './csv'
import { type LoadedModel, loadModel, readTemplates, type TemplatesFlag } from './model'
import type { Context } from './program'
import { shownPath, speak, table } from './terminal'
import { UsageError } from './usage'

/** What both kinds of evaluation hand back: a table for people, figures for eval.json, rows for per-class.csv. */
export interface Evaluation {
  protocol: Record<string, unknown>
  rows: { measure: string; value: number; chance: number }[]
  figures: Record<string, unknown>
  perClass: Record<string, string | number | undefined>[]
}

/** What an evaluation is made of. */
export interface EvalInput {
  images: string[]
  options: EvalFlags
  templates: TemplatesFlag
  model: LoadedModel
  context: Context
}

/** An evaluation that is ready to run: its names and settings are known, nothing has been measured. */
export interface EvalJob {
  classes: string[]
  settings: Record<string, unknown>
  /** @param folder where finished images are kept; of a folder evaluation only. */
  run(record: RunRecord, folder: OutputFolder | undefined): Promise<Evaluation>
}

export async function evaluateCommand(images: string[], options: EvalFlags, context: Context): Promise<void> {
  if (options.dataset !== undefined && options.dataset !== 'scenes') {
    if (images.length > 0) throw new UsageError(`Expected --root DIR with --dataset ${options.dataset}, not images`)
    return (await import('./eval-benchmark.js')).evaluateBenchmark(options, context)
  }
  const foreign = (['root', 'pred', 'model', 'names', 'unseen', 'resize', 'slide', 'limit'] as const).find(
    (flag) => options[flag] !== undefined,
  )
  if (foreign !== undefined) throw new UsageError(`--${foreign} belongs to a benchmark: name one with --dataset`)
  if (options.method === 'reco') throw new UsageError('--method reco is for benchmarks and --dataset folder: name one with --dataset')
  const scenes = options.dataset === 'scenes'
  if (scenes && (images.length > 0 || options.labels !== undefined))
    throw new UsageError('Expected either --dataset scenes or images with --labels, not both')
  if (!scenes && (images.length === 0 || options.labels === undefined || options.classes === undefined)) {
    throw new UsageError('Expected --dataset KEY with --root DIR, --dataset scenes, or images with --labels FOLDER and --classes')
  }
  const started = Date.now()
  const templates = await readTemplates(options.templates)
  const model = await loadModel(options, context)
  const input = { images, options, templates, model, context }
  try {
    const job = scenes
      ? await (await import('./eval-scenes.js')).scenesJob(input)
      : await (await import('./eval-folder.js')).folderJob(input)
    await carryOut(job, scenes, input, started)
  } finally {
    model.clip.dispose()
  }
}

async function carryOut(job: EvalJob, scenes: boolean, input: EvalInput, started: number): Promise<void> {
  const { options, templates, model, context } = input
  const into = path.resolve(options.into)
  const weights = model.facts.model.weights.map(({ sha256 }) => sha256)
  const { classes, settings } = job
  const { seed, method, refine, dtype } = options
  const facts = {
    ...{ ...model.facts, command: 'eval', argv: context.argv, cwd: process.cwd(), classes, seed, notes: model.notes },
    settings: { weights, templates, method, refine, dtype, ...settings },
  }
  const overwrite = options.overwrite ?? false
  if (scenes) await refuseOtherRun(into, facts, overwrite)
  const folder = scenes ? undefined : await OutputFolder.open(into, facts, overwrite, context.interrupt.stop)
  const record = folder?.record ?? (await RunRecord.start(into, facts))
  const close = (status: 'done' | 'interrupted' | 'failed') => (folder ? folder.close(status) : record.finish(status))
  try {
    const evaluation = await job.run(record, folder)
    const seconds = (Date.now() - started) / 1000
    await write(into, evaluation, model, seconds)
    await close('done')
    show(into, evaluation, options.json ?? false, model, seconds)
  } catch (error) {
    await close(context.interrupt.stop.aborted ? 'interrupted' : 'failed')
    throw error
  }
}

async function write(into: string, { protocol, figures, perClass }: Evaluation, { facts }: LoadedModel, seconds: number): Promise<void> {
  const { model, device, dtype } = facts
  const result = { format: 'wordmask-eval', version: 1, model, device, dtype, protocol, figures, perClass, seconds }
  await writeAtomic(path.join(into, 'eval.json'), `${JSON.stringify(result, null, 2)}\n`)
  await writeAtomic(path.join(into, 'per-class.csv'), csv(perClass))
}

function show(into: string, { protocol, rows }: Evaluation, json: boolean, { facts }: LoadedModel, seconds: number): void {
  if (json) {
    for (const row of rows) speak(true, { event: 'figure', ...row }, undefined)
    speak(true, { event: 'summary', into, protocol, ms: Math.round(seconds * 1000) }, undefined)
    return
  }
  const described = Object.entries(protocol).map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(' | ') : value}`)
  const digits = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(4).replace(/^0/, ''))
  const lines = [
    `model ${facts.model.name} (${facts.device}, ${facts.dtype}), ${described.join(', ')}`,
    '',
    table(
      ['measure', 'value', 'chance'],
      rows.map(({ measure, value, chance }) => [measure, digits(value), digits(chance)]),
    ),
    '',
    `${seconds.toFixed(1)} s. Results: ${shownPath(into)} (eval.json, per-class.csv, run.json)`,
  ]
  speak(false, {}, lines.join('\n'))
}
