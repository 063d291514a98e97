import { readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { WorkersOptions } from '../engine/run-shards'
import type { PseudoLabelled } from '../pseudo/options'
import type { LabelSources } from '../pseudo/shards'
import { imagesFolder } from '../pseudo/summary'
import { refuseOtherRun } from '../run/output-folder'
import { type RunFacts, RunRecord, readRunIfAny } from '../run/run-file'
import type { SegmentOptions } from '../segmenter/options'
import type { ClassEntry } from '../text/classes'
import { classesOf } from './classes'
import type { PseudoLabelFlags } from './commands/pseudo-label'
import { sayFailures, sourcesOf, workersOf } from './machines'
import { readTemplates, type TemplatesFlag } from './model'
import type { Context } from './program'
import { recoOptions } from './reco-flags'
import { openSegmenter } from './segmenter'
import { percent, progress, quoted, sayRejected, seconds, shownPath, speak } from './terminal'
import { exitCodes, mustBeThere } from './usage'

/** Said one by one; the rest is in rejects.jsonl. */
const mostSaid = 10

/** How images are to be labelled, the segmenter aside, as pseudoLabel takes it. */
type View = Pick<PseudoLabelFlags, 'background' | 'refine' | 'size' | 'threshold' | 'orient' | 'dtype'> & {
  classes?: ClassEntry[]
  templates?: TemplatesFlag
}

export async function labelForTraining(args: string[], options: PseudoLabelFlags, context: Context): Promise<void> {
  const into = path.resolve(options.into)
  const json = options.json ?? false
  const workers = await workersOf(options)
  const { checkSources } = await import('../sources/index.js')
  if (options.curated === undefined) await mustBeThere(checkSources(sourcesOf(args, options.column), { signal: context.interrupt.stop }))
  const classes = options.classes === undefined ? undefined : await classesOf(options.classes)
  const { background, refine, size, threshold, orient, dtype } = options
  const view = defined({ classes, templates: await readTemplates(options.templates), background, refine, size, threshold, orient, dtype })
  const { model, method, clip, archive, images } = options
  const means =
    model === undefined ? { method, clip, archive, ...(method === 'reco' && recoOptions(options)) } : { model: path.resolve(model) }
  const asked = { command: 'pseudo-label', settings: defined({ ...view, ...means, images }) }
  await imagesFolder(await sourcesFor(args, options), images, into)
  await refuseOther(into, asked as unknown as RunFacts)
  const segmenter = await segmenterFolder(options, into, view, context)
  const record = await RunRecord.start(into, { ...segmenter.facts, ...asked, argv: context.argv, cwd: process.cwd(), seed: 0 })
  const started = Date.now()
  try {
    const done = await label(args, options, { ...view, ...workers, segmenter: segmenter.folder, into }, context)
    const { labelled, rejected, run } = done
    const fresh = run.images - Object.values(run.rejects).reduce((sum, n) => sum + n, 0)
    const failed = run.failures.length > 0 || (labelled === 0 && !run.stopped)
    Object.assign(record.counts, { done: fresh, skipped: labelled - fresh, rejected })
    await record.finish(run.stopped ? 'interrupted' : failed ? 'failed' : 'done')
    sayFailures(run, json)
    await report(done, into, fresh, Date.now() - started, json)
    if (failed) context.exitCode = exitCodes.failure
  } catch (error) {
    await record.finish(context.interrupt.stop.aborted ? 'interrupted' : 'failed')
    throw error
  }
}

/** One that failed before its first shard was planned leaves nothing to go on from. */
async function refuseOther(into: string, facts: RunFacts): Promise<void> {
  const begun = (await stat(path.join(into, '_work')).catch(() => undefined)) !== undefined
  const earlier = await readRunIfAny(into)
  if (begun || earlier?.command !== facts.command) await refuseOtherRun(into, facts, undefined)
  else await rm(path.join(into, 'segmenter'), { recursive: true, force: true })
}

/**
 * The folder that workers load. References of ReCo are made once: where they are, the same command (others have been refused by then)
 * takes them.
 */
async function segmenterFolder(options: PseudoLabelFlags, into: string, view: View, context: Context) {
  const { classes, templates } = view
  const own = path.join(into, 'segmenter')
  const { isThere } = await import('../pseudo/folder.js')
  const { keepSegmenter } = await import('../pseudo/saved.js')
  const { planCall, standing } = await import('../segmenter/plan.js')
  const { archive, clip, ...rest } = options
  const made = options.model === undefined && options.method === 'reco' && (await isThere(path.join(own, 'wordmask.json')))
  const opened = await openSegmenter(made ? { ...rest, model: own } : options, classes, templates, context)
  try {
    // A worker would ask the same, when the folder is this run's.
    const { strategy, defaults } = opened.segmenter
    const { threshold: _, orient: __, dtype: ___, ...asked } = view
    await strategy.prepare(planCall(strategy, standing(defaults), asked as SegmentOptions), { signal: context.interrupt.stop })
    if (options.model === undefined && !made) await keepSegmenter(opened.segmenter, own, context.interrupt.stop)
    const { facts, notes } = opened.model
    const folder = options.model === undefined ? own : path.resolve(options.model)
    return { folder, facts: { ...facts, notes, classes: opened.classes.map(({ name }) => name) } }
  } finally {
    await opened.dispose()
  }
}

async function sourcesFor(args: string[], { column, curated }: PseudoLabelFlags): Promise<LabelSources> {
  const { CuratedSet } = await import('../curate/curated-set.js')
  return curated === undefined ? sourcesOf(args, column) : CuratedSet.load(curated)
}

async function label(
  args: string[],
  options: PseudoLabelFlags,
  how: View & WorkersOptions & { segmenter: string; into: string },
  context: Context,
): Promise<PseudoLabelled> {
  const { pseudoLabel } = await import('../pseudo/pseudo-label.js')
  const { images, shardSize, device, json = false } = options
  const sources = await sourcesFor(args, options)
  const bar = await progress('shards', 0, json)
  try {
    return await pseudoLabel(sources, {
      ...{ devices: [device], ...how, images, ...defined({ shardSize }) },
      ...{ stop: context.interrupt.stop, onWarning: context.note },
      onProgress: (now) => {
        bar.step(now.done + now.failed, now.shards)
        speak(json, { event: 'progress', ...now }, undefined)
      },
    })
  } finally {
    bar.stop()
  }
}

async function report(done: PseudoLabelled, into: string, fresh: number, ms: number, json: boolean): Promise<void> {
  const { run, labelled, rejected, coverage, uncertain, background, images, labels, classes } = done
  if (rejected > 0) await sayRejects(path.join(into, 'rejects.jsonl'), json)
  const words = ['--images', images, '--labels', labels, '--classes', classes].map((word) =>
    word.startsWith('--') ? word : shownPath(word),
  )
  const next = ['wordmask train segmenter', ...words.map(quoted), ...(background ? ['--background'] : [])]
  const command = [...next, '--into', quoted(`${shownPath(into)}-segmenter`)].join(' ')
  const parts = [
    `${fresh} labelled`,
    labelled > fresh && `${labelled - fresh} before`,
    rejected > 0 && `${rejected} rejected (rejects.jsonl)`,
    run.failures.length > 0 && `${run.failures.length} shards failed`,
  ]
  const shares = Object.entries(coverage).map(([name, share]) => `${name} ${percent(share)}`)
  const without = Object.entries(coverage).flatMap(([name, share]) => (share === 0 ? [name] : []))
  const said = [
    `${parts.filter(Boolean).join(', ')} in ${seconds(ms)}${run.stopped ? '; stopped, the same command goes on' : ''}`,
    `${shares.join(', ')}${uncertain > 0 ? `; uncertain ${percent(uncertain)}` : ''}`,
    without.length > 0 && `No pixel is ${without.join(', ')}: a network cannot learn it from these labels`,
    `Next: ${command}`,
  ]
  const counts = { into, done: fresh, labelled, rejected, failedShards: run.failures.length, coverage, uncertain, stopped: run.stopped }
  speak(json, { event: 'summary', ...counts, images, labels, classes, background, ms, next: command }, said.filter(Boolean).join('\n'))
}

async function sayRejects(file: string, json: boolean): Promise<void> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  for (const line of lines.slice(0, mostSaid)) {
    const { image, code, message } = JSON.parse(line) as { image: string; code: string; message: string }
    speak(json, { event: 'rejected', image, code, message }, undefined)
    if (!json) sayRejected(image, message)
  }
}

const defined = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
