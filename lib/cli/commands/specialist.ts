import { type Command, Option } from 'commander'
import { archiveModelFlags, collect, flags, integer, type ModelFlags, number, outputOption, sourceOption, text, withFlags } from '../flags'
import type { Context } from '../program'
import { UsageError } from '../usage'
import { size } from './train-segmenter'

export interface SpecialistFlags extends Omit<ModelFlags, 'batchSize'> {
  archive?: string
  compare?: string
  groupBy?: string
  boxes?: string
  minConfidence?: number
  decisions?: string[]
  review?: boolean
  audit?: number
  truth?: string
  encoder?: string
  contexts?: string
  falseAlarms?: number
  images?: number
  without?: number
  composites?: number
  heldOut?: number
  falsePositives?: number
  backboneWeights?: string
  size?: number | { width: number; height: number }
  width?: number
  steps?: number
  batchSize?: number
  learningRate?: number
  workers?: number
  licence?: string
  seed: number
  into?: string
  json?: boolean
}

/** `wordmask specialist`: from a name to a small segmenter for it. */
export function specialist(program: Command, context: Context): void {
  const command = program
    .command('specialist')
    .description('from a name and unlabelled images to a small fast segmenter for it')
    .argument('<names>', 'what is to be segmented: "pangolin", "pangolin,aardvark", or a class file')
  withFlags(
    command,
    sourceOption('--archive <archive>', 'the unlabelled images: folder or s3:// of an archive ("wordmask index")').argParser(text),
    sourceOption('--group-by <column>', 'images of one camera, site or burst, by a column of the archive, or: folder').argParser(text),
    sourceOption('--boxes <file>', 'detections, COCO or MegaDetector JSON: masks lie within them').argParser(text),
    sourceOption('--min-confidence <share>', 'boxes of less are no boxes').argParser(number(0, 1)),
    sourceOption('--truth <folder>', 'images/ and labels/ (0 else, 1 the first name ...): the card gets IoU').argParser(text),
    words('--compare <names>', 'what it is easily taken for: "porcupine,armadillo"').argParser(text),
    words('--contexts <names>', 'what comes with it and is no part of it (default: tree,sky,building,road,person)').argParser(text),
    words('--false-alarms <share>', 'chance of calling a name present that is not there (default: 0.05)').argParser(number(0.0001, 0.99)),
    words('--decisions <file>', 'what review.html and audit.html saved (default: where they lie in --into; repeat it for more)').argParser(
      collect,
    ),
    ...archiveModelFlags(),
    model('--encoder <model>', "whose features are co-segmented (default: the archive's CLIP)").argParser(text),
    model(
      '--backbone-weights <file>',
      "torchvision's MobileNetV2, or a trained segmenter, to start from (default: random weights)",
    ).argParser(text),
    work('--images <n>', 'images of a name, at most (default: 200)').argParser(integer(1, 10_000)),
    work('--without <n>', 'images without the names to learn from (default: 400, and no fewer than with)').argParser(integer(0, 1e6)),
    work('--composites <n>', 'images made of masks put on images without the names (default: 400)').argParser(integer(0, 1e6)),
    work('--held-out <n>', 'images without the names to measure on, at most (default: 2000)').argParser(integer(0, 1e6)),
    work('--false-positives <n>', 'of 1,000 images without a name those in which it may be found (default: 5)').argParser(number(0, 1000)),
    work('--size <pixels>', 'what training sees: a side, or 240x180 (default: as large as the images, at most 320)').argParser(size),
    work('--width <factor>', 'multiplies the channels of every layer (default: 1)').argParser(number(0.01, 4)),
    work('--steps <n>', 'of training (default: 2000)').argParser(integer(1, 1e9)),
    work('--batch-size <n>', 'images a step (default: 8)').argParser(integer(2, 4096)),
    work('--learning-rate <rate>', 'at the start (default: 0.0005)').argParser(number(0, 10)),
    work('--workers <n>', 'threads of a step; part of the recipe (default: the cores)').argParser(integer(1, 256)),
    flags.seed(),
    outputOption('--review', 'stop when review.html is written, to look at the masks before anything is trained'),
    outputOption('--audit <n>', 'write audit.html: n of the held-out images in which it is found, to be judged').argParser(
      integer(1, 100_000),
    ),
    outputOption('--licence <text>', 'of the weights (default: what the models that made them say)').argParser(text),
    flags.into('folder of the specialist; one that was stopped goes on there (default: the first name)'),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (names: string, options: SpecialistFlags) => {
    if (options.archive === undefined) throw new UsageError('Expected --archive: the folder (or s3://) that "wordmask index" made')
    if (options.minConfidence !== undefined && options.boxes === undefined) throw new UsageError('Expected --boxes beside --min-confidence')
    const { buildSpecialistCommand } = await import('../specialist.js')
    await buildSpecialistCommand(names, { ...options, archive: options.archive }, context)
  })
}

const words = (form: string, what: string) => new Option(form, what).helpGroup('Words:')
const model = (form: string, what: string) => new Option(form, what).helpGroup('Model:')
const work = (form: string, what: string) => new Option(form, what).helpGroup('Work:')

const help = `
No labels are needed. A name that the archive does not show ends with exit code 1 and a contact sheet of the images most like it; of several
names those that are shown are built, and the others are told. References come from at most two images of a group and are turned away
from what stands still in it; no group is on both sides of the split. Give --group-by wherever images come from fixed cameras or bursts.

What is written below --into:
  wordmask.json, model.safetensors   the segmenter: "wordmask segment --model", Segmenter.load, "wordmask model export"
  card.html, card.json               how well it does and what that rests on, threshold, time, licences
  review.html                        the masks that it learns from: accept or drop, save decisions.jsonl into the folder, and the
                                     same command makes anew what follows from them
  audit.html                         with --audit: save audit.jsonl into the folder, and the same command puts the precision on the card
  absent-NAME.jpg                    the images most like a name that is not shown
  curated.jsonl, work/, run.json     the images that show the names; what makes a stopped run go on; how it was made

Examples:
  wordmask specialist "pangolin" --archive photos.archive --into pangolin
  wordmask specialist "pangolin" --archive traps.archive --compare "porcupine,armadillo" --group-by site --boxes detections.json \\
      --backbone-weights mobilenet_v2-b0353104.pth --audit 50 --into pangolin
  wordmask segment photos --model pangolin --write csv --into found`
