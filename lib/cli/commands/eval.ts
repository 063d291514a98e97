import { type Command, Option } from 'commander'
import { type Background, flags, integer, type ModelFlags, modelFlags, withFlags } from '../flags'
import type { Context } from '../program'

export interface EvalFlags extends ModelFlags {
  dataset?: 'scenes'
  split: 'unseen' | 'heldout'
  count: number
  labels?: string
  classes?: string
  orient: boolean
  templates?: string
  background?: Background
  method: 'maskclip' | 'denseclip'
  size?: number
  seed: number
  into: string
  overwrite?: boolean
  json?: boolean
}

/** `wordmask eval`: figures with their chance levels, on rendered scenes or on a folder with label maps. */
export function evaluate(program: Command, context: Context): void {
  const command = program
    .command('eval')
    .description('measure retrieval and segmentation, with chance levels')
    .argument('[images...]', 'with --labels: files, folders, globs, or @list.txt')
  withFlags(
    command,
    data('--dataset <name>', 'scenes: pictures rendered by the package, with exact masks').choices(['scenes']),
    data('--split <name>', 'scenes: new compositions, or the drawing style never trained on')
      .choices(['unseen', 'heldout'])
      .default('unseen'),
    data('--count <n>', 'scenes: how many').default(600).argParser(integer(1, 1_000_000)),
    data('--labels <folder>', 'label maps: palette or grey PNG at the place of each image'),
    data('--no-orient', 'take images as stored, without their EXIF orientation'),
    flags.method(),
    flags.size('scenes: side in pixels (default: 96); folder: shorter side the model sees'),
    flags.seed(),
    flags.classes(),
    flags.templates(),
    flags.background(),
    ...modelFlags(),
    flags.batchSize(),
    flags.into('folder for eval.json, per-class.csv and run.json').default('wordmask-eval'),
    flags.overwrite(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (images: string[], options: EvalFlags) => {
    const { evaluateCommand } = await import('../eval.js')
    await evaluateCommand(images, options, context)
  })
}

const data = (form: string, what: string): Option => new Option(form, what).helpGroup('Data:')

const help = `
Scenes, one figure a line with what chance gives:
  noun R@1, R@5      of all scenes ranked by a name, does the first (any of the first five) show it
  caption R@1, R@5   the same for a scene's own caption, one right scene
  zero-shot          is the best-scoring object in the picture
  mIoU all names     every pixel takes one of all names; objects and backgrounds also apart
  mIoU present       each scene is asked for the names it shows only
mIoU is summed over all pictures; a name that occurs in neither truth nor prediction is left out.

Folder: label values are positions in --classes from 0 on (with --background: 0 is background, names start at 1);
255 is ignored (65535 in 16-bit files). mIoU over all names, and over the names each picture shows. Measured pictures
are kept in images.jsonl: the same command again goes on where it stopped. An evaluation of scenes starts over.

Examples:
  wordmask eval --dataset scenes
  wordmask eval --dataset scenes --split heldout --count 200 --clip scenes-clip --json
  wordmask eval photos --labels masks --classes classes.txt --clip ViT-B/16 --into scores`
