import path from 'node:path'
import { isDiskFull } from '../run/atomic'
import { OutputFolder } from '../run/output-folder'
import type { ClassEntry } from '../text/classes'
import { classesOf } from './classes'
import type { SegmentFlags } from './commands/segment'
import { checkInputs, countImages, findImages } from './inputs'
import { readTemplates, type TemplatesFlag } from './model'
import type { Context } from './program'
import { recoOptions } from './reco-flags'
import { writeDataSetFiles } from './segment-files'
import { checkOutputs, checkPlaces, expectedFiles, refuseForeign, type SegmentItem, writeOutputs } from './segment-outputs'
import { type OpenedSegmenter, openSegmenter } from './segmenter'
import { percent, progress, sayRejected, seconds, shownPath, speak } from './terminal'
import { exitCodes } from './usage'

/** Images read ahead of the one being segmented: enough to keep the tensor thread fed, few enough to stay small. */
const concurrency = 2

export async function segmentImages(args: string[], options: SegmentFlags, context: Context): Promise<void> {
  const into = path.resolve(options.into)
  const { stop } = context.interrupt
  const json = options.json ?? false
  if (options.curated === undefined) await checkInputs(args, into)
  await checkPlaces(into, options)
  if (!options.overwrite) await refuseForeign(into, options)
  const curated =
    options.curated === undefined ? undefined : await (await import('./archive/curated-images.js')).openCurated(options.curated)
  const named = options.classes === undefined ? undefined : await classesOf(options.classes)
  const asked = named ?? (options.model === undefined ? curated?.classes : undefined)
  if (asked) await checkOutputs(asked, options)
  const templates = await readTemplates(options.templates)
  const opened = await openSegmenter(options, asked, templates, context)
  const { segmenter, classes, model } = opened
  if (!asked) await checkOutputs(classes, options)
  const view = options.model === undefined ? {} : { ...(named && { classes: named }), ...callOptions(options, templates) }
  const folder = await OutputFolder.open(into, runFacts(options, classes, templates, model, context), options.overwrite ?? false, stop)
  const total = process.stderr.isTTY && !json ? (curated?.count ?? (await countImages(args, { skip: into, stop }))) : 0
  const bar = await progress('segmenting', total, json)
  const quiet = process.stderr.isTTY && process.stdout.isTTY && !json
  const started = Date.now()
  const waiting: SegmentItem[] = []
  const counts = folder.record.counts

  const expected = (name: string) => expectedFiles(name, options)
  async function* feed() {
    for await (const image of curated?.images(folder, expected, stop) ?? imagesOf(args, folder, expected, into, context)) {
      waiting.push(image)
      yield image.data ?? image.path
    }
  }

  try {
    let since = Date.now()
    for await (const answer of segmenter.segmentAll(feed(), { concurrency, ...view, ...(options.refine && { refine: options.refine }) })) {
      const image = waiting.shift()!
      try {
        if (answer.error) throw answer.error
        const facts = await writeOutputs(into, image, answer, options)
        const ms = Date.now() - since
        await folder.finished(image, { ...facts, ms })
        const { coverage, outputs } = facts
        const found = answer.found.slice(0, 5).map((name) => `${name} ${percent(coverage[name]!)}`)
        const line = `${image.name}  ${found.join(', ') || 'background only'}  ${seconds(ms)}`
        speak(json, { event: 'image', image: image.path, name: image.name, ms, coverage, outputs }, quiet ? undefined : line)
      } catch (error) {
        // Not for an image's sake: what comes after it could not be written either.
        if (isDiskFull(error)) throw error
        const { code, message } = error as { code?: string; message: string }
        await folder.rejected(image, { code, message })
        speak(json, { event: 'rejected', image: image.path, code, message }, undefined)
        if (!quiet) sayRejected(image.path, message)
      }
      since = Date.now()
      bar.step(counts.done + counts.skipped + counts.rejected)
    }
    await writeDataSetFiles(into, folder, classes, options.write)
  } catch (error) {
    await folder.fail()
    throw error
  } finally {
    bar.stop()
    await opened.dispose()
  }

  const allFailed = counts.rejected > 0 && counts.done + counts.skipped === 0
  await folder.close(stop.aborted ? 'interrupted' : allFailed ? 'failed' : 'done')
  if (allFailed) context.exitCode = exitCodes.failure
  summary(into, counts, Date.now() - started, json, stop.aborted)
}

async function* imagesOf(
  args: string[],
  folder: OutputFolder,
  expected: (name: string) => string[],
  into: string,
  { interrupt, note }: Context,
): AsyncGenerator<SegmentItem> {
  for await (const input of findImages(args, { skip: into, stop: interrupt.stop, onLeftOut: note })) {
    const image = await folder.pending(input, expected)
    if (image !== undefined) yield image
  }
}

function summary(into: string, counts: OutputFolder['record']['counts'], ms: number, json: boolean, stopped: boolean): void {
  const { done, skipped, rejected } = counts
  const parts = [`${done} segmented`, skipped > 0 && `${skipped} done before`, rejected > 0 && `${rejected} rejected (rejects.jsonl)`]
  const each = done > 0 ? ` (${seconds(ms / done)} an image)` : ''
  const next = stopped ? '; stopped, the same command goes on' : ''
  speak(
    json,
    { event: 'summary', into, ...counts, ms, stopped },
    `${parts.filter(Boolean).join(', ')} in ${seconds(ms)}${each}${next}. Results: ${shownPath(into)}`,
  )
}

/** What a call of a saved segmenter is told beside its images. */
function callOptions({ background, size }: SegmentFlags, templates: TemplatesFlag) {
  return {
    ...(templates !== undefined && { templates }),
    ...(background !== undefined && { background }),
    ...(size !== undefined && { size }),
  }
}

function runFacts(options: SegmentFlags, classes: ClassEntry[], templates: unknown, model: OpenedSegmenter['model'], context: Context) {
  const weights = model.facts.model.weights.map(({ sha256 }) => sha256)
  const { model: saved, method, refine, archive, size, write, instances, minArea, background, dtype } = options
  return {
    ...model.facts,
    command: 'segment',
    argv: context.argv,
    cwd: process.cwd(),
    classes: classes.map(({ name }) => name),
    seed: options.seed,
    notes: model.notes,
    settings: {
      weights,
      classes,
      templates,
      background,
      ...(saved === undefined ? { method } : { model: path.resolve(saved) }),
      ...(archive !== undefined && { archive }),
      ...(method === 'reco' && recoOptions(options)),
      refine,
      size,
      dtype,
      instances: instances ?? false,
      minArea,
      write: [...write].sort(),
    },
  }
}
