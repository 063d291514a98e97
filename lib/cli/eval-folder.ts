import path from 'node:path'
import { FolderEvaluation, labelFile, presentValues } from '../eval/folder'
import { mean } from '../eval/retrieval'
import type { EvalFlags } from './commands/eval'
import type { Evaluation } from './eval'
import { findImages } from './inputs'
import type { LoadedModel, TemplatesFlag } from './model'
import type { Context } from './program'
import { sayRejected, speak } from './terminal'

/** Each image twice: asked for all names, and for the names its label map shows. */
export async function evalFolder(
  args: string[],
  options: EvalFlags,
  templates: TemplatesFlag,
  { clip }: LoadedModel,
  context: Context,
): Promise<Evaluation> {
  const { Segmenter } = await import('../index.js')
  const { binding } = await import('../binding.js')
  const { classesFromArgument } = await import('../text/class-file.js')
  const { readLabelMap } = await import('../image/labels.js')
  const { background, size } = options
  const classes = await classesFromArgument(options.classes!)
  const segmenter = await Segmenter.create({ method: options.method, clip, classes, templates, background })
  const first = background === undefined ? 0 : 1
  const names = [...(first === 1 ? ['background'] : []), ...classes.map(({ name }) => name)]
  const labels = path.resolve(options.labels!)
  const { confusion } = binding()
  const ignoreOf = (map: { labels: Uint8Array | Uint16Array }) => (map.labels instanceof Uint16Array ? 65535 : 255)
  let all: FolderEvaluation | undefined
  let present: FolderEvaluation | undefined
  const perImage: number[] = []
  let rejected = 0
  for await (const input of findImages(args, { skip: labels, stop: context.interrupt.stop })) {
    try {
      const truth = await readLabelMap(await labelFile(labels, input.relative))
      const ignore = ignoreOf(truth)
      all ??= new FolderEvaluation(names, confusion, ignore)
      present ??= new FolderEvaluation(names, confusion, ignore)
      const answer = await segmenter.segment(input.path, { size, orient: options.orient })
      const values = presentValues(truth.labels, ignore).filter((value) => value >= first && value < names.length)
      const miou = all.add(input.path, truth, answer)
      perImage.push(miou)
      if (values.length > 0) {
        const asked = values.map((value) => classes[value - first]!)
        const some = await segmenter.segment(input.path, { size, orient: options.orient, classes: asked })
        present.add(input.path, truth, some, first === 1 ? [0, ...values] : values)
      }
      speak(options.json ?? false, { event: 'image', image: input.path, miou }, undefined)
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      // A label map that does not belong to the class list would be wrong for every image: that is no bad image.
      if (code === 'ERR_WORDMASK_CLASSES') throw error
      rejected++
      speak(options.json ?? false, { event: 'rejected', image: input.path, code, message }, undefined)
      sayRejected(input.path, message)
    }
  }
  if (all === undefined || present === undefined) {
    const { WordmaskError } = await import('../errors.js')
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `None of ${rejected} images could be evaluated; the first reasons are above`)
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
    classes: classes.map(({ name }) => name),
    rejected,
  }
}
