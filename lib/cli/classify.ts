import path from 'node:path'
import { OutputFolder, type Pending } from '../run/output-folder'
import type { ClassEntry } from '../text/classes'
import { batches, eachOrError } from './batches'
import { classesOf } from './classes'
import type { ClassifyFlags } from './commands/classify'
import { checkInputs, countImages, findImages } from './inputs'
import { type LoadedModel, loadModel, readTemplates, type TemplatesFlag } from './model'
import type { Context } from './program'
import { progress, sayRejected, speak } from './terminal'
import { exitCodes } from './usage'

interface Score {
  name: string
  score: number
}

/** A line an image: the best names with their probabilities. With --into also kept, and resumed, in images.jsonl. */
export async function classifyImages(args: string[], options: ClassifyFlags, context: Context): Promise<void> {
  const { stop } = context.interrupt
  const json = options.json ?? false
  const into = options.into === undefined ? undefined : path.resolve(options.into)
  if (into !== undefined) await checkInputs(args, into)
  const { rank } = await import('../clip/rank.js')
  const classes = await classesOf(options.classes)
  const templates = await readTemplates(options.templates)
  const model = await loadModel(options, context)
  const { clip } = model
  // Class vectors once, for all images; before the folder is made, so that an unknown word leaves none behind.
  const text = await clip.classVectors(classes, templates, { signal: stop })
  const folder =
    into && (await OutputFolder.open(into, runFacts(options, classes, templates, model, context), options.overwrite ?? false, stop))
  const counts = folder ? folder.record.counts : { done: 0, skipped: 0, rejected: 0 }
  const score = async (images: Pending[]): Promise<Score[][]> => {
    const files = images.map((image) => image.path)
    const { data } = await clip.encodeImage(files, { batchSize: options.batchSize })
    const d = clip.info.embedDim
    return images.map((_, i) => rank(classes, data.subarray(i * d, (i + 1) * d), text.data, clip.info.logitScale))
  }

  async function* todo(): AsyncGenerator<Pending> {
    for await (const input of findImages(args, { stop, skip: into, onLeftOut: context.note })) {
      const image = folder ? await folder.pending(input, () => []) : { path: input.path, name: input.relative, bytes: 0, modified: 0 }
      if (image !== undefined) yield image
    }
  }

  // On a terminal the lines themselves are the progress; the bar is for where they go into a file.
  const barred = process.stderr.isTTY && !process.stdout.isTTY
  const bar = await progress('classifying', barred ? await countImages(args, { skip: into, stop }) : 0, !barred)
  try {
    for await (const batch of batches(todo(), options.batchSize)) {
      const answers = await eachOrError(batch, score)
      for (const [i, image] of batch.entries()) {
        const answer = answers[i]!
        if (!('error' in answer)) {
          const scores = answer.slice(0, options.top)
          if (folder) await folder.finished(image, { scores })
          else counts.done++
          speak(json, { event: 'image', image: image.path, scores }, textLine(image, scores))
        } else {
          const { code, message } = answer.error
          if (folder) await folder.rejected(image, { code, message })
          else counts.rejected++
          speak(json, { event: 'rejected', image: image.path, code, message }, undefined)
          sayRejected(image.path, message)
        }
      }
      bar.step(counts.done + counts.skipped + counts.rejected)
    }
  } catch (error) {
    if (folder) await folder.fail()
    throw error
  } finally {
    bar.stop()
    clip.dispose()
  }
  const allFailed = counts.rejected > 0 && counts.done + counts.skipped === 0
  if (folder) await folder.close(stop.aborted ? 'interrupted' : allFailed ? 'failed' : 'done')
  if (allFailed) context.exitCode = exitCodes.failure
  if (json) speak(json, { event: 'summary', ...(into && { into }), ...counts, stopped: stop.aborted }, undefined)
}

const textLine = (image: Pending, scores: Score[]) =>
  `${image.name}  ${scores.map(({ name, score }) => `${name} ${score.toFixed(3).replace(/^0/, '')}`).join('  ')}`

function runFacts(options: ClassifyFlags, classes: ClassEntry[], templates: TemplatesFlag, model: LoadedModel, { argv }: Context) {
  const { dtype, top, seed } = options
  const weights = model.facts.model.weights.map(({ sha256 }) => sha256)
  return {
    ...model.facts,
    command: 'classify',
    argv,
    cwd: process.cwd(),
    classes: classes.map(({ name }) => name),
    seed,
    notes: model.notes,
    settings: { weights, classes, templates, top, dtype },
  }
}
