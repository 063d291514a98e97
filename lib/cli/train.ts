import { existsSync } from 'node:fs'
import path from 'node:path'
import type { TrainMetrics } from '../../binding'
import { refuseOtherRun } from '../run/output-folder'
import { hashWeights, type RunFacts, RunRecord, readRunIfAny } from '../run/run-file'
import type { TrainOptions } from '../train/options'
import type { TrainFlags } from './commands/train'
import type { Context } from './program'
import { quoted, shownPath, speak } from './terminal'

export async function trainCommand(flags: TrainFlags, context: Context): Promise<void> {
  const { trainClip } = await import('../train/train.js')
  const { binding } = await import('../binding.js')
  const json = flags.json ?? false
  const options = trainOptionsOf(flags)
  const { into, data, clip, checkpointEvery: _, ...settings } = options
  const system = binding().systemInfo()
  const facts = {
    command: 'train',
    argv: context.argv,
    cwd: process.cwd(),
    libtorch: system.torch,
    addon: system.build,
    device: 'cpu',
    dtype: flags.dtype,
    threads: options.workers ?? 2,
    model: { name: clip ?? 'from random weights', family: 'CLIP', licence: 'MIT', weights: [] },
    classes: [],
    seed: flags.seed,
    settings: { data: data ?? 'scenes', clip: clip ?? '', ...settings },
    notes: [],
  }
  await refuseOtherTraining(into, facts)
  const record = await RunRecord.start(into, facts)
  try {
    const trained = await trainClip({
      ...options,
      signal: context.interrupt.stop,
      onMetrics: (metrics) => speak(json, { event: 'metrics', ...metrics }, line(metrics)),
    })
    record.counts.done = trained.steps
    await record.finish('done')
    const [weights] = await hashWeights([trained.file])
    const summary = { event: 'summary', ...trained, sha256: weights?.sha256 }
    const file = quoted(shownPath(trained.file))
    const next =
      flags.objective === 'views'
        ? `wordmask reco build --archive ARCHIVE --classes FILE --encoder ${file} --into refs`
        : `wordmask eval --dataset scenes --clip ${file}`
    const done = `${trained.steps} steps in ${trained.seconds.toFixed(0)} s. Model: ${trained.file}, curves: ${trained.plot}`
    speak(json, summary, `\n${done}\nNext: ${next}`)
  } catch (error) {
    await record.finish(context.interrupt.stop.aborted ? 'interrupted' : 'failed')
    throw error
  }
}

/** A run that went on with other data or other settings would be neither. One that failed before it began leaves nothing to go on from. */
export async function refuseOtherTraining(into: string, facts: RunFacts): Promise<void> {
  const begun = existsSync(path.join(into, 'checkpoint.safetensors'))
  if (begun || (await readRunIfAny(into))?.command !== facts.command) await refuseOtherRun(into, facts, undefined)
}

function trainOptionsOf(flags: TrainFlags): TrainOptions {
  const [pixels, tokens] = flags.data?.split(',') ?? []
  const { clip, stages, learningRate, weightDecay, patchLoss, claimLoss, softTargets, objective, dtype, workers, checkpointEvery, seed } =
    flags
  return {
    into: path.resolve(flags.into),
    data: pixels !== undefined && tokens !== undefined ? { pixels, tokens } : flags.data,
    freeze: flags.freeze && { vision: flags.freeze === 'vision', text: flags.freeze === 'text' },
    warmupSteps: flags.warmup,
    ...{ clip, stages, learningRate, weightDecay, patchLoss, claimLoss, softTargets, objective, dtype, workers, checkpointEvery, seed },
  }
}

function line(m: TrainMetrics): string {
  const terms = `(class ${m.lossClass.toFixed(4)}, patch ${m.lossPatch.toFixed(4)}, claim ${m.lossClaim.toFixed(4)})  retrieval ${m.retrieval.toFixed(3)}`
  return `${m.step}/${m.steps}  loss ${m.loss.toFixed(4)} ${m.lossView > 0 ? '' : terms}  ${m.imagesPerSecond.toFixed(0)} images/s`
}
