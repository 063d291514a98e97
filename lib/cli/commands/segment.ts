import type { Command } from 'commander'
import { flags, integer, listOf, outputOption, sourceOption, text, withFlags } from '../flags'
import type { Context } from '../program'
import { checkLabelling, type LabellingFlags, labellingFlags } from '../segmenter-flags'

export const written = ['labels', 'overlay', 'cutouts', 'coco', 'jsonl', 'voc', 'cvat', 'label-studio', 'yolo', 'csv'] as const
export type Written = (typeof written)[number]

export interface SegmentFlags extends LabellingFlags {
  seed: number
  write: Written[]
  instances?: boolean
  minArea: number
  into: string
  overwrite?: boolean
  json?: boolean
}

/** `wordmask segment`: label maps, overlays, cut-outs and data sets of images, by names. */
export function segment(program: Command, context: Context): void {
  const command = program
    .command('segment')
    .description('segment images by a list of names')
    .argument('[images...]', 'files, folders (their tree is mirrored), globs, or @list.txt (@-: standard input)')
  const curated = sourceOption(
    '--curated <folder>',
    'the images that "wordmask curate" chose, with its names unless --classes says others',
  ).argParser(text)
  withFlags(command, curated, ...labellingFlags(), flags.seed())
  withFlags(
    command,
    outputOption('--write <kinds>', `what to write, of ${written.join(', ')}`)
      .default(['labels', 'overlay'], 'labels,overlay')
      .argParser(listOf(written)),
    outputOption('--instances', 'masks: one a connected component, not one a name; voc, cvat: objects too'),
    outputOption('--min-area <pixels>', 'masks: leave out smaller regions; labels stay as they are')
      .default(1)
      .argParser(integer(1, 2 ** 31 - 1)),
    flags.into().default('wordmask-segment'),
    flags.overwrite(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (images: string[], options: SegmentFlags) => {
    checkLabelling(images, options, command, 'images (files, folders, globs, @list.txt)', true)
    const { segmentImages } = await import('../segment.js')
    await segmentImages(images, options, context)
  })
}

const help = `
Background: without --background every pixel gets one of the names, the best one, however bad it fits: a photo of
a cat segmented by "fox,grass" is all fox and grass. With names:sky,wall these names compete too and become background
(label 0; names start at 1). With threshold:0.3 pixels whose best name has a probability below 0.3 are background.

What is written below --into, with the tree of the input folder:
  labels/      palette PNG, one value a name in the order of --classes (16-bit PNG from 255 names on)
  overlay/     the picture under the colours, with a legend
  cutouts/     one transparent PNG a name (or a component, with --instances)
  coco.json    COCO with run-length masks
  voc/         PASCAL VOC: SegmentationClass (0 background, then the names), labelmap.txt, ImageSets
  cvat/        CVAT's "Segmentation mask 1.1": zip what is in it and upload it as annotations of a task;
               up to 254 names, and 254 objects an image, here and in voc/
  yolo/        YOLO-seg: labels/ with a polygon a connected piece, data.yaml; put the images into yolo/images
  label-studio.json, .xml  tasks with brush predictions, and the labelling setup they are for; images are looked for in
               Label Studio's local storage, under their places below the input folder
  segments.csv file, class, present, score, area, x, y, width, height: a row an image and name
  images.jsonl a line an image; with jsonl: coverage and masks of every name
  run.json     how it was made; repeat it with: wordmask run run.json
  rejects.jsonl  images that could not be read, and why; one bad image does not stop the rest
The same command again goes on where it stopped and takes in new images.

Examples:
  wordmask segment cat.jpg --classes "cat,grass,sky"
  wordmask segment photos --classes classes.txt --background names:wall,floor --into out
  wordmask segment "photos/**/*.jpg" @more.txt --classes classes.json --write labels,coco --json
  wordmask segment photos --classes "fox" --background threshold:0.5 --clip ViT-B/16
  wordmask segment photos --model refs
  wordmask segment photos --classes "fox,fence" --method reco --archive photos.archive
  wordmask segment --curated hydrants --write coco --into masks
  wordmask segment photos --classes "fox" --write voc,yolo,csv --instances --min-area 50

Class file: a name a line, synonyms after commas ("sofa, couch"); or JSON: [{ "name": "sofa", "synonyms": ["couch"],
"prompts": ["a photo of a {} indoors"], "negatives": ["chair"], "id": 7, "color": "#aa3355" }].`
