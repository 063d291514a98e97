import { type Command, InvalidArgumentError, Option } from 'commander'
import { flags, integer, number, text, withFlags } from '../flags'
import type { Context } from '../program'
import { requireClasses, UsageError } from '../usage'

export interface TrainSegmenterFlags {
  images: string
  labels: string
  classes?: string
  background?: boolean
  ignore: number[]
  valImages?: string
  valLabels?: string
  backbone: 'mobilenet_v2' | 'resnet50' | 'resnet101'
  backboneWeights?: string
  initial?: string
  outputStride?: number
  width?: number
  size?: Size
  crop?: Size
  steps?: number
  batchSize?: number
  optimiser?: 'adam' | 'sgd'
  learningRate?: number
  backboneLearningRate?: number
  weightDecay?: number
  dropout?: number
  scale?: [number, number]
  jitter?: number
  colours?: [number, number, number, number]
  blur?: number
  dtype: 'float32' | 'bfloat16'
  workers?: number
  checkpointEvery?: number
  validateEvery?: number
  logEvery?: number
  patience?: number
  validateRefine?: 'crf'
  samples?: number
  licence?: string
  seed: number
  into: string
  json?: boolean
}
type Size = number | { width: number; height: number }

/** `wordmask train segmenter`: a DeepLabv3+ from label maps. */
export function trainSegmenter(models: Command, context: Context): void {
  const command = models.command('segmenter').description('train a small segmenter (DeepLabv3+) on images with label maps')
  withFlags(
    command,
    data('--images <folder>', 'images to learn from').argParser(text).makeOptionMandatory(),
    data('--labels <folder>', 'their label maps: palette or grey PNG at the place of each image').argParser(text).makeOptionMandatory(),
    flags.classes(),
    data('--background', 'label value 0 is background; names start at 1'),
    data('--ignore <values>', 'label values that count nowhere').default([255], '255').argParser(values),
    data('--val-images <folder>', 'images to measure on; the weights that do best there are kept').argParser(text),
    data('--val-labels <folder>', 'their label maps').argParser(text),
    model('--backbone <name>', 'what sees the image').choices(['mobilenet_v2', 'resnet50', 'resnet101']).default('mobilenet_v2'),
    model('--backbone-weights <file>', "torchvision's file, or a trained segmenter, for the backbone (default: random weights)").argParser(
      text,
    ),
    model('--initial <file>', "a whole network to go on from, ReCo+'s keys").argParser(text),
    model('--output-stride <n>', 'pixels a cell of the last stage is wide, 8 or 16 (default: 8)').argParser(integer(8, 16)),
    model('--width <factor>', 'multiplies the channels of every layer (default: 1)').argParser(number(0.01, 4)),
    work('--size <pixels>', 'images are made to cover this and cut: a side, or 240x180 (default: 320)').argParser(size),
    work('--crop <pixels>', 'what a step sees of a scaled image (default: as --size)').argParser(size),
    work('--steps <n>', '(default: 20000)').argParser(integer(1, 1e9)),
    work('--batch-size <n>', 'images a step (default: 8)').argParser(integer(2, 4096)),
    work('--optimiser <name>', '(default: adam)').choices(['adam', 'sgd']),
    work('--learning-rate <rate>', 'of the head, at the start (default: 0.0005)').argParser(number(0, 10)),
    work('--backbone-learning-rate <rate>', "of the backbone, at the start (default: 0.00005; from random weights the head's)").argParser(
      number(0, 10),
    ),
    work('--weight-decay <decay>', 'of all weights (default: 0.0002)').argParser(number(0, 10)),
    work('--dropout <share>', '(default: 0.1)').argParser(number(0, 0.99)),
    work('--scale <low,high>', 'random scale of an image (default: 0.5,2)').argParser(scale),
    work('--jitter <chance>', 'that colours change (default: 0.8)').argParser(number(0, 1)),
    work('--colours <b,c,s,h>', 'by how much at most: brightness, contrast, saturation, hue (default: 0.8,0.8,0.8,0.2)').argParser(colours),
    work('--blur <chance>', 'that an image is blurred (default: 0.5)').argParser(number(0, 1)),
    work('--dtype <type>', 'arithmetic of convolutions').choices(['float32', 'bfloat16']).default('float32'),
    work('--workers <n>', 'threads of a step; part of the recipe (default: the cores)').argParser(integer(1, 256)),
    work('--checkpoint-every <steps>', '(default: 500)').argParser(integer(1, 1e9)),
    work('--validate-every <steps>', '(default: 1000)').argParser(integer(1, 1e9)),
    work('--log-every <steps>', '(default: 20)').argParser(integer(1, 1e9)),
    work('--patience <n>', 'validations without a better mIoU before the run ends; 0: it goes on (default: 0)').argParser(integer(0, 1e6)),
    work('--validate-refine <how>', 'mIoU after a dense CRF, too, and by it the weights that are kept, as ReCo+ has it').choices(['crf']),
    work('--samples <n>', 'images drawn with their labels at every validation (default: 4)').argParser(integer(0, 1024)),
    flags.seed(),
    flags.into('folder of the run; a run that stopped goes on there').default('wordmask-segmenter'),
    new Option('--licence <text>', 'of the weights: what data and first weights ask for').helpGroup('Output:').argParser(text),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (options: TrainSegmenterFlags) => {
    requireClasses(options)
    if (options.validateRefine !== undefined && options.valImages === undefined)
      throw new UsageError('Expected --val-images and --val-labels beside --validate-refine')
    if ((options.valImages === undefined) !== (options.valLabels === undefined))
      throw new UsageError('Expected --val-images and --val-labels together')
    const { trainSegmenterCommand } = await import('../train-segmenter.js')
    await trainSegmenterCommand(options, context)
  })
}

/** "320" or "240x180" */
export function size(value: string): Size {
  const [, width, height] = /^\s*(\d{2,4})(?:x(\d{2,4}))?\s*$/.exec(value) ?? []
  if (width === undefined) throw new InvalidArgumentError('Expected a side in pixels, as in 320, or width x height, as in 240x180.')
  return height === undefined ? Number(width) : { width: Number(width), height: Number(height) }
}

/** "11,255" */
function values(value: string): number[] {
  return value.split(',').map(integer(0, 65_535))
}

/** "0.5,2" */
function scale(value: string): [number, number] {
  const [low, high, more] = value.split(',').map(number(0.01, 16))
  if (low !== undefined && high !== undefined && more === undefined && low <= high) return [low, high]
  throw new InvalidArgumentError('Expected the smallest and the largest scale, as in 0.5,2.')
}

/** "0.8,0.8,0.8,0.2" */
function colours(value: string): [number, number, number, number] {
  const [brightness, contrast, saturation, hue, more] = value.split(',').map(number(0, 1))
  if (
    brightness !== undefined &&
    contrast !== undefined &&
    saturation !== undefined &&
    hue !== undefined &&
    more === undefined &&
    hue <= 0.5
  )
    return [brightness, contrast, saturation, hue]
  throw new InvalidArgumentError('Expected brightness, contrast and saturation up to 1 and hue up to 0.5, as in 0.2,0.2,0.2,0.02.')
}

const data = (form: string, what: string): Option => new Option(form, what).helpGroup('Data:')
const model = (form: string, what: string): Option => new Option(form, what).helpGroup('Model:')
const work = (form: string, what: string): Option => new Option(form, what).helpGroup('Work:')

const help = `
The folder gets a segmenter: model.safetensors with wordmask.json (give the folder to "wordmask segment --model"), last.safetensors
(after the last step), checkpoint.safetensors, sources.json, metrics.jsonl, metrics.svg (loss, validation, rates), samples/ (images under
their labels on the way) and run.json. The same flags on the same machine give the same weights, stopped on the way or not:
Ctrl-C writes a checkpoint, and the same command goes on from it. An image that cannot be read is reported and left out.

--validate-refine crf measures on the validation set with and without a dense CRF and keeps what does best after it: how ReCo+ was chosen.

From random weights on few images, the recipe of specialists learns more: --learning-rate 0.002 --jitter 0.5 --colours 0.2,0.2,0.2,0.02
--blur 0.1.

Label values are positions in --classes from 0 on (with --background: 0 is background, names start at 1).

Examples:
  wordmask train segmenter --images train/images --labels train/masks --classes classes.txt \\
      --val-images val/images --val-labels val/masks --backbone-weights mobilenet_v2-b0353104.pth --into street
  wordmask train segmenter --images photos --labels masks --classes "fox" --background --size 240x180 --steps 2000 --into fox
  wordmask segment more-photos --model street --into out`
