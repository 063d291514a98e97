import { stat } from 'node:fs/promises'
import path from 'node:path'
import { FolderEvaluation, labelFile, type PictureSums, presentValues } from '../eval/folder'
import { mean } from '../eval/retrieval'
import type { OutputFolder, Pending } from '../run/output-folder'
import { classesOf } from './classes'
import type { EvalInput, EvalJob, Evaluation } from './eval'
import { countImages, findImages, type Input } from './inputs'
import { progress, sayRejected, speak } from './terminal'
import { UsageError } from './usage'

/** What images.jsonl keeps of an image: the figures are sums over these lines, so that a run can be left and gone on with. */
interface Measured {
  miou: number | null
  ignore: number
  all: PictureSums
  /** Asked for the names the picture shows; null where it shows none. */
  present: PictureSums | null
}

/** Each image twice: asked for all names, and for the names its label map shows. */
export async function folderJob({ images: args, options, templates, model: { clip }, context }: EvalInput): Promise<EvalJob> {
  const { Segmenter } = await import('../index.js')
  const { binding } = await import('../binding.js')
  const { readLabelMap } = await import('../image/labels.js')
  const { WordmaskError } = await import('../errors.js')
  const { orientationOf } = await import('../image/label-folder.js')
  const { background, size, method, refine } = options
  const { stop } = context.interrupt
  const json = options.json ?? false
  const classes = await classesOf(options.classes!)
  // evaluateCommand lets no other method come here.
  const segmenter = await Segmenter.create({ method: method as 'maskclip', clip, classes, templates, background, size, refine })
  const first = background === undefined ? 0 : 1
  const names = [...(first === 1 ? ['background'] : []), ...classes.map(({ name }) => name)]
  const labels = path.resolve(options.labels!)
  if (!(await stat(labels).catch(() => undefined))?.isDirectory())
    throw new UsageError(`The folder of label maps is missing: ${options.labels}`, 'ERR_WORDMASK_FILE_NOT_FOUND')
  const orient = options.orient && (await orientationOf(labels))
  const evaluation = (ignore: number) => new FolderEvaluation(names, binding().confusion, ignore)

  async function measure(image: string, map: string): Promise<Measured> {
    const truth = await readLabelMap(map)
    const ignore = truth.labels instanceof Uint16Array ? 65535 : 255
    const measurer = evaluation(ignore)
    const answer = await segmenter.segment(image, { orient })
    const all = measurer.measure(image, truth, answer)
    const values = presentValues(truth.labels, ignore).filter((value) => value >= first && value < names.length)
    const asked = values.map((value) => classes[value - first]!)
    const shown = first === 1 ? [0, ...values] : values
    const present =
      values.length > 0 ? measurer.measure(image, truth, await segmenter.segment(image, { orient, classes: asked }), shown).sums : null
    return { miou: Number.isNaN(all.miou) ? null : all.miou, ignore, all: all.sums, present }
  }

  async function run(folder: OutputFolder): Promise<Evaluation> {
    const { counts } = folder.record
    const seen = new Set<string>()
    const total = process.stderr.isTTY && !json ? await countImages(args, { skip: labels, stop }) : 0
    const bar = await progress('evaluating', total, json)
    try {
      for await (const input of findImages(args, { skip: labels, stop, onLeftOut: context.note })) {
        seen.add(input.path)
        try {
          const map = await labelFile(labels, input.relative)
          const image = await pendingOf(folder, input, map)
          if (image !== undefined) {
            const measured = await measure(image.path, map)
            await folder.finished(image, { ...measured })
            speak(json, { event: 'image', image: image.path, miou: measured.miou }, undefined)
          }
        } catch (error) {
          const { code, message } = error as { code?: string; message: string }
          // A label map that does not belong to the class list would be wrong for every image: that is no bad image.
          if (code === 'ERR_WORDMASK_CLASSES') throw error
          await folder.rejected(input, { code, message })
          speak(json, { event: 'rejected', image: input.path, code, message }, undefined)
          sayRejected(input.path, message)
        }
        bar.step(counts.done + counts.skipped + counts.rejected)
      }
    } finally {
      bar.stop()
    }
    const measured = counts.done + counts.skipped
    if (stop.aborted)
      throw new WordmaskError('ERR_WORDMASK_ABORTED', `Stopped after ${measured} images; the figures come when all are measured`)
    if (measured === 0)
      throw new WordmaskError(
        'ERR_WORDMASK_IMAGE',
        `None of ${counts.rejected} images could be evaluated; the reasons are above and in rejects.jsonl`,
      )
    return summarise(folder, seen)
  }

  async function summarise(folder: OutputFolder, seen: Set<string>): Promise<Evaluation> {
    const all = evaluation(255)
    const present = evaluation(255)
    const perImage: number[] = []
    for await (const line of folder.lines()) {
      if (!seen.has(line.image)) continue
      const { miou, ...sums } = line as unknown as Measured
      all.add(sums.all)
      if (sums.present) present.add(sums.present)
      if (miou !== null) perImage.push(miou)
    }
    const evaluations = { all, present }
    const rows = (['all', 'present'] as const).map((kind) => ({
      measure: `mIoU ${kind} names`,
      value: evaluations[kind].sums.mean(),
      chance: evaluations[kind].chance.mean(),
    }))
    return {
      protocol: {
        dataset: 'folder',
        count: all.images,
        size: size ?? clip.info.imageSize,
        templates: templates ?? clip.source.templates,
        background: JSON.stringify(background ?? 'none'),
        names: names.length,
      },
      rows: [
        ...rows,
        { measure: 'pixel accuracy', value: all.sums.accuracy(), chance: all.chance.accuracy() },
        { measure: 'mIoU a picture', value: mean(perImage), chance: Number.NaN },
      ],
      figures: Object.fromEntries(rows.map(({ measure, ...figures }) => [measure, figures])),
      perClass: names.map((name, i) => ({ name, iouAll: all.sums.iou(i), iouPresent: present.sums.iou(i), pixels: all.sums.truth[i] })),
    }
  }

  return {
    classes: classes.map(({ name }) => name),
    settings: { dataset: 'folder', labels, classes, background, size, orient },
    run: (_, folder) => run(folder!),
  }
}

/** An image whose label map changed is measured again too. */
async function pendingOf(folder: OutputFolder, input: Input, map: string): Promise<Pending | undefined> {
  const [image, labels] = await Promise.all([stat(input.path).catch(() => undefined), stat(map)])
  const state = {
    bytes: (image?.size ?? -1) + labels.size,
    modified: Math.trunc(Math.max(image?.mtimeMs ?? -1, labels.mtimeMs)),
  }
  return folder.pendingIn(input, state, () => [])
}
