import path from 'node:path'
import { writeAtomic } from '../run/atomic'
import { RunRecord } from '../run/run-file'
import type { EvalFlags } from './commands/eval'
import { type LoadedModel, loadModel, readTemplates, type TemplatesFlag } from './model'
import type { Context } from './program'
import { table } from './terminal'
import { UsageError } from './usage'

/** What both kinds of evaluation hand back: a table for people, figures for eval.json, rows for per-class.csv. */
export interface Evaluation {
  protocol: Record<string, unknown>
  rows: { measure: string; value: number; chance: number }[]
  figures: Record<string, unknown>
  perClass: Record<string, string | number | undefined>[]
  classes: string[]
  rejected: number
}

export async function evaluateCommand(images: string[], options: EvalFlags, context: Context): Promise<void> {
  const scenes = options.dataset === 'scenes'
  if (scenes && (images.length > 0 || options.labels !== undefined))
    throw new UsageError('Expected either --dataset scenes or images with --labels, not both')
  if (!scenes && (images.length === 0 || options.labels === undefined || options.classes === undefined)) {
    throw new UsageError('Expected --dataset scenes, or images with --labels FOLDER and --classes')
  }
  const templates = await readTemplates(options.templates)
  const model = await loadModel(options, context)
  const into = path.resolve(options.into)
  const started = Date.now()
  try {
    const evaluation = scenes
      ? await (await import('./eval-scenes.js')).evalScenes(options, templates, model, context)
      : await (await import('./eval-folder.js')).evalFolder(images, options, templates, model, context)
    await report(into, evaluation, options, templates, model, context, Date.now() - started)
  } finally {
    model.clip.dispose()
  }
}

async function report(
  into: string,
  evaluation: Evaluation,
  options: EvalFlags,
  templates: TemplatesFlag,
  model: LoadedModel,
  context: Context,
  ms: number,
): Promise<void> {
  const { protocol, rows, figures, perClass, classes, rejected } = evaluation
  const weights = model.facts.model.weights.map(({ sha256 }) => sha256)
  const record = await RunRecord.start(into, {
    ...{ ...model.facts, command: 'eval', argv: context.argv, cwd: process.cwd(), classes, seed: options.seed, notes: model.notes },
    settings: { weights, protocol, templates },
  })
  const result = {
    format: 'wordmask-eval',
    version: 1,
    model: model.facts.model,
    device: model.facts.device,
    dtype: model.facts.dtype,
    protocol,
    figures,
    perClass,
    seconds: ms / 1000,
  }
  await writeAtomic(path.join(into, 'eval.json'), `${JSON.stringify(result, null, 2)}\n`)
  await writeAtomic(path.join(into, 'per-class.csv'), csv(perClass))
  record.counts.done = Number(protocol.count)
  record.counts.rejected = rejected
  await record.finish(context.interrupt.stop.aborted ? 'interrupted' : 'done')
  if (options.json) {
    for (const row of rows) process.stdout.write(`${JSON.stringify({ event: 'figure', ...row })}\n`)
    process.stdout.write(`${JSON.stringify({ event: 'summary', into, protocol, ms })}\n`)
    return
  }
  const described = Object.entries(protocol).map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(' | ') : value}`)
  process.stdout.write(`model ${model.facts.model.name} (${model.facts.device}, ${model.facts.dtype}), ${described.join(', ')}\n\n`)
  const digits = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(4).replace(/^0/, ''))
  process.stdout.write(
    `${table(
      ['measure', 'value', 'chance'],
      rows.map(({ measure, value, chance }) => [measure, digits(value), digits(chance)]),
    )}\n`,
  )
  process.stdout.write(`\n${(ms / 1000).toFixed(1)} s. Results: ${path.relative('.', into) || '.'} (eval.json, per-class.csv, run.json)\n`)
}

/** RFC 4180: a field with a comma, quote or line break is quoted. */
export function csv(rows: Record<string, string | number | undefined>[]): string {
  const head = Object.keys(rows[0] ?? {})
  const cell = (value: string | number | undefined) => {
    const text = value === undefined ? '' : typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(6) : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return `${[head.join(','), ...rows.map((row) => head.map((key) => cell(row[key])).join(','))].join('\n')}\n`
}
