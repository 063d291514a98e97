import path from 'node:path'
import type { SegmenterMetrics } from '../../binding'
import { hashWeights, RunRecord } from '../run/run-file'
import type { TrainSegmenterOptions } from '../train/segmenter/options'
import { refuseAmong } from '../train/segmenter/pairs'
import { classesOf } from './classes'
import type { TrainSegmenterFlags } from './commands/train-segmenter'
import type { Context } from './program'
import { quoted, sayRejected, shownPath, speak } from './terminal'
import { refuseOtherTraining } from './train'

export async function trainSegmenterCommand(flags: TrainSegmenterFlags, context: Context): Promise<void> {
  const { trainSegmenter } = await import('../train/segmenter/train.js')
  const { binding } = await import('../binding.js')
  const { networkWeights } = await import('../deeplab/saved.js')
  const { trainingLicence } = await import('../train/segmenter/licence.js')
  const json = flags.json ?? false
  const classes = await classesOf(flags.classes as string)
  const options = { ...optionsOf(flags), classes: classes.map(({ prompts, ...entry }) => ({ ...entry, ...(prompts && { prompts }) })) }
  const { into, checkpointEvery: _, logEvery: __, samples: ___, ...settings } = options
  const first = flags.backboneWeights ?? flags.initial
  const system = binding().systemInfo()
  const facts = {
    command: 'train segmenter',
    argv: context.argv,
    cwd: process.cwd(),
    libtorch: system.torch,
    addon: system.build,
    device: 'cpu',
    dtype: flags.dtype,
    threads: options.workers ?? system.threads,
    model: {
      name: `DeepLabv3+ ${flags.backbone}`,
      family: 'DeepLabv3+',
      licence: flags.licence ?? (await trainingLicence(first, context.interrupt.stop)),
      weights: first === undefined ? [] : await hashWeights([await networkWeights(first)]),
    },
    classes: classes.map(({ name }) => name),
    seed: flags.seed,
    settings: { ...settings },
    notes: [] as string[],
  }
  refuseAmong(into, [options, options.validation])
  await refuseOtherTraining(into, facts)
  const record = await RunRecord.start(into, facts)
  try {
    if (first === undefined) context.note(randomStart(flags.backbone))
    const trained = await trainSegmenter({
      ...options,
      signal: context.interrupt.stop,
      onMetrics: (metrics) => speak(json, { event: 'metrics', ...metrics }, line(metrics)),
      onReject: (image, { code, message }) => {
        speak(json, { event: 'rejected', image, code, message }, undefined)
        if (!json) sayRejected(image, message)
      },
    })
    record.notes.push(...trained.notes)
    Object.assign(record.counts, { done: trained.steps, rejected: trained.rejected })
    await record.finish('done')
    const [weights] = await hashWeights([trained.file])
    speak(json, { event: 'summary', ...trained, sha256: weights?.sha256 }, summary(trained))
  } catch (error) {
    await record.finish(context.interrupt.stop.aborted ? 'interrupted' : 'failed')
    throw error
  }
}

const randomStart = (backbone: string) =>
  `${backbone} starts from random weights. For photographs give torchvision's ImageNet weights: --backbone-weights FILE`

function optionsOf(flags: TrainSegmenterFlags): Omit<TrainSegmenterOptions, 'classes'> {
  const { backbone, outputStride, width, size, crop, steps, batchSize, optimiser, learningRate, backboneLearningRate } = flags
  const { weightDecay, dropout, dtype, workers, checkpointEvery, validateEvery, logEvery, patience, samples, seed, licence } = flags
  const { scale, jitter, colours, blur, valImages, valLabels, background, ignore, validateRefine } = flags
  const file = (given: string | undefined) => given && path.resolve(given)
  const [brightness, contrast, saturation, hue] = colours ?? []
  const augment = {
    ...(scale && { scaleLow: scale[0], scaleHigh: scale[1] }),
    ...given({ jitter, brightness, contrast, saturation, hue, blur }),
  }
  return {
    images: path.resolve(flags.images),
    labels: path.resolve(flags.labels),
    into: path.resolve(flags.into),
    ...(valImages !== undefined &&
      valLabels !== undefined && { validation: { images: path.resolve(valImages), labels: path.resolve(valLabels) } }),
    ...given({ backboneWeights: file(flags.backboneWeights), initial: file(flags.initial) }),
    ...given({ backbone, outputStride, width, size, crop, steps, batchSize, optimiser, learningRate, backboneLearningRate }),
    ...given({ weightDecay, dropout, dtype, workers, checkpointEvery, validateEvery, logEvery, patience, samples, seed, licence }),
    ...given({ background, ignore, validateRefine }),
    ...(Object.keys(augment).length > 0 && { augment }),
  }
}

const given = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> }

function line({ step, steps, loss, learningRate, imagesPerSecond, miou, crfMiou, accuracy }: SegmenterMetrics): string {
  const refined = crfMiou === undefined ? '' : `  after CRF ${crfMiou.toFixed(4)}`
  if (miou !== undefined) return `${step}/${steps}  mIoU ${miou.toFixed(4)}${refined}  accuracy ${(accuracy as number).toFixed(4)}`
  return `${step}/${steps}  loss ${loss?.toFixed(4)}  rate ${learningRate?.toExponential(2)}  ${imagesPerSecond?.toFixed(1)} images/s`
}

function summary(trained: { folder: string; steps: number; bestStep: number; miou?: number; seconds: number; plot: string }): string {
  const { folder, steps, bestStep, miou, seconds, plot } = trained
  const quality = miou === undefined ? '' : ` Best mIoU ${miou.toFixed(4)} after step ${bestStep}.`
  return `\n${steps} steps in ${seconds.toFixed(0)} s.${quality} Curves: ${plot}\nNext: wordmask segment photos --model ${quoted(shownPath(folder))}`
}
