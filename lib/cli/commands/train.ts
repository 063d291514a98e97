import { type Command, InvalidArgumentError, Option } from 'commander'
import type { TrainClipOptions } from '../../../binding'
import { flags, integer, number } from '../flags'
import type { Context } from '../program'
import { trainSegmenter } from './train-segmenter'

export interface TrainFlags {
  data?: string
  clip?: string
  stages?: TrainClipOptions['stages']
  learningRate?: number
  weightDecay?: number
  warmup?: number
  patchLoss?: number
  claimLoss?: number
  objective: 'captions' | 'views'
  softTargets: boolean
  freeze?: 'vision' | 'text'
  dtype: 'float32' | 'bfloat16'
  workers?: number
  checkpointEvery?: number
  seed: number
  into: string
  json?: boolean
}

/** `wordmask train`: the native trainers. */
export function train(program: Command, context: Context): void {
  const models = program.command('train').description('train a model')
  trainClip(models, context)
  trainSegmenter(models, context)
}

function trainClip(models: Command, context: Context): void {
  models
    .command('clip')
    .description('train a CLIP from captions, or fine-tune one')
    .addOption(
      data('--data <pack>', 'scene pack, or two safetensors files: pixels.safetensors,tokens.safetensors (default: the scenes that ship)'),
    )
    .addOption(
      new Option('--clip <model>', 'ViT CLIP to go on from (default: the built-in architecture, random weights)').helpGroup('Model:'),
    )
    .addOption(work('--stages <list>', 'steps x batch @ side, in order (default: "3600x128@48,2000x64@96")').argParser(stages))
    .addOption(work('--learning-rate <rate>', 'peak (default: 0.001)').argParser(number(0, 1)))
    .addOption(work('--weight-decay <decay>', 'of matrices (default: 0.1)').argParser(number(0, 10)))
    .addOption(work('--warmup <steps>', 'linear, before the cosine (default: 200)').argParser(integer(0, 1e9)))
    .addOption(work('--patch-loss <weight>', 'of the patch-level term; 0: the class token alone (default: 1)').argParser(number(0, 1e3)))
    .addOption(
      work(
        '--claim-loss <weight>',
        'names compete for each patch, those shown must win some (default: 1; 0 with --patch-loss 0)',
      ).argParser(number(0, 1e3)),
    )
    .addOption(
      work(
        '--objective <what>',
        'captions, or views: pictures alone, two looks at each (an encoder for ReCo; the text tower stays as it is)',
      )
        .choices(['captions', 'views'])
        .default('captions'),
    )
    .addOption(work('--no-soft-targets', 'each picture has one right caption, whatever its tags say'))
    .addOption(work('--freeze <tower>', 'leave this tower as it is').choices(['vision', 'text']))
    .addOption(work('--dtype <type>', 'arithmetic').choices(['float32', 'bfloat16']).default('bfloat16'))
    .addOption(work('--workers <n>', 'halves of a batch that run side by side; part of the recipe (default: 2)').argParser(integer(1, 64)))
    .addOption(work('--checkpoint-every <steps>', '(default: 200)').argParser(integer(1, 1e9)))
    .addOption(flags.seed())
    .addOption(flags.into('folder of the run; a run that stopped goes on there').default('wordmask-train'))
    .addOption(flags.json())
    .addHelpText('after', help)
    .action(async (options: TrainFlags) => {
      const { trainCommand } = await import('../train.js')
      await trainCommand(options, context)
    })
}

/** "3000x128@48,1200x64@96" */
export function stages(value: string): TrainClipOptions['stages'] {
  return value.split(',').map((part) => {
    const [, steps, batchSize, size] = /^\s*(\d+)x(\d+)@(\d+)\s*$/.exec(part) ?? []
    if (size === undefined) throw new InvalidArgumentError(`Expected steps x batch @ side, as in 3000x128@48, but received "${part}".`)
    return { steps: Number(steps), batchSize: Number(batchSize), size: Number(size) }
  })
}

const data = (form: string, what: string): Option => new Option(form, what).helpGroup('Data:')
const work = (form: string, what: string): Option => new Option(form, what).helpGroup('Work:')

const help = `
The folder gets clip.safetensors (give it to --clip), checkpoint.safetensors, metrics.jsonl, metrics.svg (loss and retrieval) and
run.json. The same flags on the same machine give the same weights, stopped on the way or not: Ctrl-C writes a checkpoint, and the
same command goes on from it.

Examples:
  wordmask train clip --seed 1 --into runs/scenes                          how the built-in model was made
  wordmask train clip --seed 1 --patch-loss 0 --into runs/scenes-clip      its stand-in for a plain CLIP
  wordmask train clip --objective views --seed 1 --into runs/views         no captions: an encoder for --encoder
  wordmask train clip --clip scenes --freeze text --stages 500x64@96 --learning-rate 1e-4 --into runs/tuned
  wordmask eval --dataset scenes --clip runs/scenes/clip.safetensors`
