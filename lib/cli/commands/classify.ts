import type { Command } from 'commander'
import { flags, integer, type ModelFlags, modelFlags, outputOption, withFlags } from '../flags'
import type { Context } from '../program'
import { requireClasses } from '../usage'

export interface ClassifyFlags extends ModelFlags {
  classes: string
  templates?: string
  top: number
  into?: string
  overwrite?: boolean
  seed: number
  json?: boolean
}

/** `wordmask classify`: how well each name fits each image as a whole. */
export function classify(program: Command, context: Context): void {
  const command = program
    .command('classify')
    .description('score names against whole images')
    .argument('<images...>', 'files, folders, globs, or @list.txt (@-: standard input)')
  withFlags(command, flags.classes(), flags.templates(), ...modelFlags(), flags.batchSize(), flags.seed())
  withFlags(
    command,
    outputOption('--top <n>', 'names shown an image').default(5).argParser(integer(1, 65535)),
    flags.into('also keep the scores in this folder; a run that stopped goes on there (default: print only)'),
    flags.overwrite(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (images: string[], options: ClassifyFlags) => {
    requireClasses(options)
    const { classifyImages } = await import('../classify.js')
    await classifyImages(images, options, context)
  })
}

const help = `
Scores are probabilities over the given names (softmax at CLIP's temperature): they say which name fits best, not
whether any fits. Add names of what else it could be.

One line an image on stdout, best names first; images that cannot be read are told on stderr. With --into also:
  images.jsonl             a line an image with its scores
  run.json, rejects.jsonl  how it was made (repeat it with: wordmask run run.json); what could not be read
The same command again goes on where it stopped and prints the new images only.

Examples:
  wordmask classify cat.jpg --classes "cat,dog,fox"
  wordmask classify photos --classes classes.txt --top 1 --json > scores.jsonl
  wordmask classify "photos/*.png" --classes "indoors,outdoors" --templates none --clip ViT-B/16 --into scores`
