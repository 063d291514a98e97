import path from 'node:path'
import type { CuratedSet } from '../../index'
import { refuseOtherRun } from '../../run/output-folder'
import { RunRecord } from '../../run/run-file'
import type { ClassEntry } from '../../text/classes'
import { classesOf } from '../classes'
import type { CurateFlags } from '../commands/curate'
import { readTemplates } from '../model'
import type { Context } from '../program'
import { progress, quoted, seconds, shownPath, speak } from '../terminal'
import { exitCodes } from '../usage'
import { type OpenedArchive, openWithModel } from './open'

export async function curateArchive(uri: string, options: CurateFlags, context: Context): Promise<void> {
  const json = options.json ?? false
  const into = path.resolve(options.into)
  const { stop } = context.interrupt
  const { CuratedSet } = await import('../../index.js')
  const classes = await classesOf(options.classes)
  const templates = await readTemplates(options.templates)
  const exclude = await Promise.all((options.exclude ?? []).map((folder) => CuratedSet.load(folder)))
  const opened = await openWithModel(uri, options, context, { readOnly: true, create: false })
  const { archive, model } = opened
  const started = Date.now()
  try {
    const facts = runFacts(options, classes, templates, opened, context)
    await refuseOtherRun(into, facts, options.overwrite ?? false)
    const record = await RunRecord.start(into, facts)
    try {
      const bar = await progress('curating', classes.length, json)
      const set = await archive
        .curate(classes, {
          ...curateOptions(options),
          templates,
          exclude,
          signal: stop,
          onProgress: (done, total) => bar.step(done, total),
        })
        .finally(() => bar.stop())
      await set.save(path.join(into, 'curated.jsonl'))
      const page = await progress('thumbnails', set.size, json)
      const review = await set
        .review(path.join(into, 'review.html'), {
          audit: options.audit,
          seed: options.seed,
          signal: stop,
          onProgress: (done, total) => page.step(done, total),
        })
        .finally(() => page.stop())
      record.counts.done = set.size
      record.counts.rejected = review.unreadable
      await record.finish('done')
      await report(set, into, options, Date.now() - started)
      if (set.size === 0) context.exitCode = exitCodes.failure
    } catch (error) {
      await record.finish(stop.aborted ? 'interrupted' : 'failed')
      throw error
    }
  } finally {
    await archive.close()
    model.clip.dispose()
  }
}

async function report(set: CuratedSet, into: string, options: CurateFlags, ms: number): Promise<void> {
  const json = options.json ?? false
  const folder = shownPath(into)
  for (const [i, line] of set.summary().entries()) {
    const { entry, images, wanted, presence, estimatedPrecision } = set.classes[i]!
    speak(json, { event: 'class', name: entry.name, images: images.length, wanted, presence, estimatedPrecision }, line)
  }
  if (options.decisions !== undefined) await reportMeasured(set, options.decisions, json)
  const look = `\n${set.size} images in ${seconds(ms)}. Look at them: ${path.join(folder, 'review.html')}\nNext: wordmask export ${quoted(folder)} --format coco --into DIR`
  const none = `\n0 images in ${seconds(ms)}. Next, what is nearest: wordmask search ${quoted(set.origin.archive)} "words" --into hits`
  speak(json, { event: 'summary', into, images: set.size, ms }, set.size === 0 ? none : look)
}

/** Precision that people measured; where the decisions are of no random sample there is none. */
async function reportMeasured(set: CuratedSet, files: string[], json: boolean): Promise<void> {
  const { readDecisions } = await import('../../curate/decisions.js')
  try {
    const measured = set.measure(await readDecisions(files))
    speak(json, { event: 'measured', ...measured }, measured.text)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_WORDMASK_INVALID_ARGUMENT') throw error
  }
}

function curateOptions(options: CurateFlags) {
  const { perClass, minScore, margin, groupBy, perGroup, diverse, keepDuplicates, decisions, falseAlarms, test } = options
  return {
    ...{ perClass, minScore, margin, groupBy, perGroup, diverse, decisions },
    falseAlarms: test ? falseAlarms : (false as const),
    ...(keepDuplicates && { duplicates: false as const }),
  }
}

function runFacts(options: CurateFlags, classes: ClassEntry[], templates: unknown, { archive, model }: OpenedArchive, context: Context) {
  const weights = model.facts.model.weights.map(({ sha256 }) => sha256)
  const { decisions, exclude, audit, seed } = options
  return {
    ...{ ...model.facts, command: 'curate', argv: context.argv, cwd: process.cwd() },
    ...{ classes: classes.map(({ name }) => name), seed, notes: model.notes },
    settings: { archive: archive.uri, weights, classes, templates, ...curateOptions(options), decisions, exclude, audit },
  }
}
