import type { Command } from 'commander'
import { collect, flags, number, outputOption, sourceOption, text, withFlags, workOption } from '../flags'
import { type MachineFlags, machineFlags } from '../machines'
import type { Context } from '../program'
import { checkLabelling, type LabellingFlags, labellingFlags } from '../segmenter-flags'

export interface PseudoLabelFlags extends LabellingFlags, MachineFlags {
  threshold?: number
  orient: boolean
  column?: string[]
  images: 'link' | 'copy' | 'none'
  into: string
  json?: boolean
}

/** `wordmask pseudo-label`: label maps to train a network on, of any images, by any segmenter. */
export function pseudoLabel(program: Command, context: Context): void {
  const command = program
    .command('pseudo-label')
    .description('label images by a segmenter, so that a network can be trained on them')
    .argument('[sources...]', 'folders, globs, lists (.txt .csv .jsonl .parquet), tars ("{000..150}.tar"), images; also s3://')
  withFlags(
    command,
    ...labellingFlags(),
    workOption(
      '--threshold <share>',
      'pixels whose best name has less become 255, which training ignores (default: all keep a name)',
    ).argParser(number(0, 1)),
    sourceOption('--curated <folder>', 'the images that "wordmask curate" chose, in place of sources').argParser(text),
    sourceOption('--no-orient', 'leave the EXIF orientation aside; "train segmenter" on the labels then does so too'),
    sourceOption('--column <what=name>', 'column of a list: uri= or id= (repeat it for more)').argParser(collect),
    ...machineFlags(100, 'one on --device'),
    outputOption('--images <how>', 'how images come to lie beside their labels: link, copy, or none (one local folder, left alone)')
      .choices(['link', 'copy', 'none'])
      .default('link'),
    flags.into().default('wordmask-pseudo'),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (sources: string[], options: PseudoLabelFlags) => {
    checkLabelling(sources, options, command, 'sources (folders, globs, lists, tars, images)', false)
    const { labelForTraining } = await import('../pseudo-label.js')
    await labelForTraining(sources, options, context)
  })
}

const help = `
What is written below --into:
  labels/        palette PNG, a byte a pixel: position in --classes (with --background: 0 is background, names start at 1), 255 uncertain
  images/        the images at the same places: links to files, what lies in tars and buckets written out
  classes.json   the names, for "train segmenter --classes"
  segmenter/     where it was made here and now: what labelled
  images.jsonl   a line an image: size, pixels of every value
  rejects.jsonl  images that could not be read, and why; one bad image does not stop the rest
  run.json       how it was made
It ends with the line to type next. The same command again goes on where it stopped, also after kill -9, does what is missing and
takes in new images. A file that changes under its name is not looked at again.

Images keep their path below their folder; of several sources they go below the name of theirs, of a tar below the name of the
tar, of --curated below the name they were chosen for.

On several machines, which all reach the sources, --into (a shared folder) and the segmenter at the same paths: --queue here, and any
number of "wordmask worker --queue redis://host/0"; or "--shard 0/8" to "--shard 7/8". "wordmask status FOLDER" tells how far it is.

Examples:
  wordmask pseudo-label photos --model refs --refine crf --into pseudo
  wordmask pseudo-label photos --classes "fox,grass,sky" --clip ViT-B/16 --background names:person,wall --threshold 0.5 --into pseudo
  wordmask pseudo-label "shards/{000..150}.tar" --model refs --refine crf --devices cuda:0,cuda:1 --into pseudo
  wordmask train segmenter --images pseudo/images --labels pseudo/labels --classes pseudo/classes.json --into street`
