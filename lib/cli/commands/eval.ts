import { type Command, Option } from 'commander'
import type { MeanRule } from '../../eval/confusion'
import type { PredictionIds } from '../../eval/predictions'
import { type ProtocolName, protocolNames } from '../../eval/view'
import { type Background, flags, integer, type ModelFlags, modelFlags, text, withFlags } from '../flags'
import type { Context } from '../program'
import { type RecoFlags, recoFlags } from '../reco-flags'

export interface EvalFlags extends ModelFlags, RecoFlags {
  dataset?: string
  root?: string
  pred?: string
  predIds: PredictionIds
  names?: string
  unseen?: string
  limit?: number
  protocol: ProtocolName
  resize?: string
  slide?: string
  metric: MeanRule
  model?: string
  split: 'unseen' | 'heldout'
  count: number
  labels?: string
  classes?: string
  orient: boolean
  templates?: string
  background?: Background
  method: 'maskclip' | 'denseclip' | 'reco'
  refine?: 'crf' | 'pamr'
  size?: number
  seed: number
  into: string
  overwrite?: boolean
  json?: boolean
}

/** `wordmask eval`: benchmarks on this disk, rendered scenes, or a folder with label maps. */
export function evaluate(program: Command, context: Context): void {
  const command = program
    .command('eval')
    .description('score segmentation on benchmarks, or on rendered scenes with retrieval and chance levels')
    .argument('[images...]', 'with --labels: files, folders, globs, or @list.txt (@-: standard input)')
  withFlags(
    command,
    data('--dataset <key>', 'a benchmark (below), folder, or scenes: pictures rendered by the package, with exact masks').argParser(text),
    data('--root <folder>', 'where it lies: its own folder, or that of all (default: $DETECTRON2_DATASETS)').argParser(text),
    data('--limit <n>', 'only the first n images').argParser(integer(1, 2 ** 31 - 1)),
    data('--split <name>', 'scenes: new compositions, or the drawing style never trained on')
      .choices(['unseen', 'heldout'])
      .default('unseen'),
    data('--count <n>', 'scenes: how many').default(600).argParser(integer(1, 1_000_000)),
    data('--labels <folder>', 'label maps: palette or grey PNG at the place of each image'),
    data('--no-orient', 'take images as stored, without their EXIF orientation (benchmarks: always)'),
    answers('--pred <folder>', 'score label maps that are there: PNG of 8 or 16 bits, or npy, named as the images').argParser(text),
    answers('--pred-ids <kind>', "values in them: class indices, or those of the set's own label maps")
      .choices(['classes', 'labels'])
      .default('classes'),
    flags.method('reco'),
    ...recoFlags(),
    flags.refine(),
    flags.size('scenes: side in pixels (default: 96); else the shorter side the model sees'),
    scoring('--protocol <name>', 'how images are shown (below)').choices(protocolNames).default('native'),
    scoring('--resize <rule>', 'image and labels before anything: none, shorter:320,crop[,nearest|bilinear]').argParser(text),
    scoring('--slide <crop:stride>', 'sliding window in pixels of the resized image, as in 448:224').argParser(text),
    scoring('--metric <rule>', 'mean IoU: a class that is predicted and never true counts as 0 (mmseg), or is left out')
      .choices(['mmseg', 'detectron2'])
      .default('mmseg'),
    scoring('--unseen <names>', "classes of the unseen mean: a file or names (default: the set's own split)").argParser(text),
    flags.seed(),
    flags.classes(),
    flags.names(),
    flags.templates(),
    flags.background(),
    ...modelFlags(),
    flags.savedModel(),
    flags.batchSize(),
    flags.into('folder for figures, predicted maps and run.json; a run that stopped goes on there').default('wordmask-eval'),
    flags.overwrite(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (images: string[], options: EvalFlags) => {
    const { evaluateCommand } = await import('../eval.js')
    await evaluateCommand(images, options, context)
  })
}

const data = (form: string, what: string): Option => new Option(form, what).helpGroup('Data:')

const answers = (form: string, what: string): Option => new Option(form, what).helpGroup('Answers:')
const scoring = (form: string, what: string): Option => new Option(form, what).helpGroup('Scoring:')

const help = `
Benchmarks (--dataset, detectron2's keys or short names), read in the layouts that detectron2, MMSegmentation and ReCo use:
  A-150        ADEChallengeData2016/{images,annotations_detectron2|annotations}/validation
  PC-59, PC-60 VOC2010/{JPEGImages,SegmentationClassContext}, ImageSets/SegmentationContext/val.txt; pcontext/val/{image,label}
  VOC20, VOC21 VOC2012/{JPEGImages,SegmentationClass[Aug]}, ImageSets/Segmentation/val.txt; annotations_detectron2/val
  COCO-171     coco/{val2017,stuffthingmaps[_detectron2]/val2017}; {images,annotations}/val2017 (ids or _labelTrainIds)
  COCO-27      the same: 171 names asked for, 27 coarse classes scored
  COCO-Obj     the same, or annotations/val2017/*_instanceTrainIds.png
  City-19, City-27  cityscapes/{leftImg8bit,gtFine}/val (_gtFine_labelIds; 19 also _gtFine_labelTrainIds)
  KITTI-STEP   {val or training/image_02, panoptic_maps/val}
  CamVid       {images,labels}/val, or the SegNet tutorial's val and valannot (CamVid-test: test)
  folder       any {images,labels}, paired by name, with classes.txt or --classes; values are positions in the list,
               with --background 0 is background and names start at 1; 255 is ignored
Before scoring, the first label maps are looked at: values that no class has, a shift by one, more than half ignored, sizes.

Protocols: native = as stored, at the model's own size. mmseg = shorter side 448 (at most 2048), windows of 448 every 224.
reco = shorter side 320 and centre crop of image and labels (nearest on Cityscapes and COCO), KITTI-STEP as stored.
--size, --resize and --slide change a point of it; every point is printed, and where a published figure of the method on the set
is known, it is printed beside with each point that differs. A class that is neither true nor predicted is in no mean.
On a set with a background, what wins against the names is decided by --background (default: names:background).
--names: a set (reco, detectron2, zegformer, ovsegmentor), or a class file with a line a name; on a set with a background
one line more, first, is the list of names that stand for it.

Written below --into: eval.json, per-class.csv, confusion.csv (most confused first), worst.html and worst.jpg, pred/ (class
indices, 255 = no answer: --pred reads them), images.jsonl, rejects.jsonl, run.json.

Scenes, one figure a line with what chance gives:
  noun R@1, R@5      of all scenes ranked by a name, does the first (any of the first five) show it
  caption R@1, R@5   the same for a scene's own caption, one right scene
  zero-shot          is the best-scoring object in the picture
  mIoU all names     every pixel takes one of all names; objects and backgrounds also apart
  mIoU present       each scene is asked for the names it shows only
mIoU is summed over all pictures; a name that occurs in neither truth nor prediction is left out.

Images with --labels: label values are positions in --classes from 0 on (with --background: 0 is background, names start at 1);
255 is ignored (65535 in 16-bit files). mIoU over all names, and over the names each picture shows, with chance levels.

The same command again goes on where it stopped. An evaluation of scenes starts over.

Examples:
  wordmask eval --dataset A-150 --root datasets --clip ViT-B/16 --templates imagenet --into scores
  wordmask eval --dataset City-27 --root cityscapes --protocol reco --clip RN50x16
  wordmask eval --dataset PC-59 --root VOC2010 --protocol reco --method reco --archive photos.archive --templates reco
  wordmask eval --dataset VOC21 --root VOCdevkit --pred my-maps --into scores
  wordmask eval --dataset folder --root my-data --model my-segmenter --limit 100 --json
  wordmask eval --dataset scenes --split heldout --count 200 --clip scenes-clip --json
  wordmask eval photos --labels masks --classes classes.txt --clip ViT-B/16 --into scores`
