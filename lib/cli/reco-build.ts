import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ArchiveRow, Segmenter, WordmaskError } from '../index'
import { refuseOtherRun } from '../run/output-folder'
import { RunRecord, readRunIfAny } from '../run/run-file'
import { indexFile, readIndex } from '../segmenter/saved'
import type { ClassEntry } from '../text/classes'
import { type OpenedArchive, openWithModel } from './archive/open'
import { classesOf } from './classes'
import type { RecoBuildFlags } from './commands/reco'
import { readTemplates } from './model'
import type { Context } from './program'
import { recoOptions, sayContexts } from './reco-flags'
import { progress, quoted, sayRejected, seconds, shownPath, speak } from './terminal'
import { exitCodes } from './usage'

export async function buildReferences(options: RecoBuildFlags & { archive: string }, context: Context): Promise<void> {
  const into = path.resolve(options.into)
  const json = options.json ?? false
  const asked = await classesOf(options.classes)
  const templates = await readTemplates(options.templates)
  const opened = await openWithModel(options.archive, options, context, { readOnly: true, create: false })
  const started = Date.now()
  try {
    const facts = runFacts(options, asked, templates, opened, context)
    await refuseOtherRun(into, facts, (options.overwrite ?? false) || (await cameToNothing(into)))
    const classes = options.overwrite ? asked : await together(into, asked)
    const record = await RunRecord.start(into, { ...facts, classes: classes.map(({ name }) => name) })
    const bar = await progress('references', 0, json)
    try {
      const { Segmenter } = await import('../index.js')
      const segmenter = await Segmenter.create({
        ...{ method: 'reco', archive: opened.archive, classes, templates, references: into, signal: context.interrupt.stop },
        ...recoOptions(options),
        onProgress: (done, total) => bar.step(done, total),
        onReject: (image, error) => {
          record.counts.rejected++
          reject(image, error, json)
        },
      }).finally(() => bar.stop())
      await segmenter.save(into)
      record.counts.done = segmenter.references.length
      await segmenter[Symbol.asyncDispose]()
      await record.finish('done')
      report(segmenter, into, Date.now() - started, json)
    } catch (error) {
      await record.finish(context.interrupt.stop.aborted ? 'interrupted' : 'failed')
      const next = sayContexts(error, options.contexts)
      if (next !== undefined) context.next = next
      throw error
    }
  } catch (error) {
    if (!context.interrupt.stop.aborted) throw error
    process.stderr.write('stopped; what is made stays, and the same command goes on\n')
    context.exitCode = exitCodes.interrupted
  } finally {
    await opened.archive.close()
    opened.model.clip.dispose()
  }
}

/** A build that failed before its first reference is none to go on with. */
async function cameToNothing(into: string): Promise<boolean> {
  const made = [indexFile, 'references'].some((name) => existsSync(path.join(into, name)))
  return !made && (await readRunIfAny(into))?.command === 'reco'
}

/** The classes of the segmenter that is there already, and the ones asked for. */
async function together(into: string, asked: ClassEntry[]): Promise<ClassEntry[]> {
  const earlier = await readIndex(into).catch((error: WordmaskError) => {
    if (error.code === 'ERR_WORDMASK_FILE_NOT_FOUND') return undefined
    throw error
  })
  const { parseClasses, sameName } = await import('../text/classes.js')
  const names = new Set(asked.map(({ name }) => sameName(name)))
  const kept = (earlier?.defaults.classes ?? []).filter(({ name }) => !names.has(sameName(name)))
  if (kept.length === 0) return asked
  // Ids of a list of its own may be taken.
  return parseClasses([...kept, ...asked].map(({ id: _, ...spec }) => ({ ...spec, prompts: spec.prompts ?? undefined })) as never)
}

function reject({ uri, key }: ArchiveRow, { code, message }: WordmaskError, json: boolean): void {
  const image = key ?? uri
  speak(json, { event: 'rejected', image, code, message }, undefined)
  sayRejected(image, message)
}

function report({ references }: Segmenter, into: string, ms: number, json: boolean): void {
  for (const { name, images, contexts } of references) {
    const [first, last] = [images[0]?.score ?? 0, images.at(-1)?.score ?? 0]
    const line = `${name}  ${images.length} images, cosine ${first.toFixed(3)} to ${last.toFixed(3)}`
    speak(json, { event: 'reference', name, images: images.length, similarity: [first, last], contexts }, line)
  }
  const folder = shownPath(into)
  speak(
    json,
    { event: 'summary', into, references: references.length, ms },
    `\n${references.length} references in ${seconds(ms)}: ${path.join(folder, indexFile)}\nNext: wordmask segment --model ${quoted(folder)} IMAGES`,
  )
}

function runFacts(
  options: RecoBuildFlags & { archive: string },
  classes: ClassEntry[],
  templates: unknown,
  { archive, model }: OpenedArchive,
  context: Context,
) {
  const weights = model.facts.model.weights.map(({ sha256 }) => sha256)
  return {
    ...{ ...model.facts, command: 'reco', argv: context.argv, cwd: process.cwd() },
    ...{ classes: classes.map(({ name }) => name), seed: options.seed, notes: model.notes },
    settings: { archive: archive.uri, weights, templates, ...recoOptions(options) },
  }
}
