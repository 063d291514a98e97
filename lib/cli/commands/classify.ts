import type { Command } from 'commander'
import { flags, integer, type ModelFlags, outputOption } from '../flags'
import type { Context } from '../program'
import { requireClasses } from '../usage'

export interface ClassifyFlags extends ModelFlags {
  classes: string
  templates?: string
  top: number
  into?: string
  seed: number
  json?: boolean
}

/** `wordmask classify`: how well each name fits each image as a whole. */
export function classify(program: Command, context: Context): void {
  program
    .command('classify')
    .description('score names against whole images')
    .argument('<images...>', 'files, folders, globs, or @list.txt')
    .addOption(flags.classes())
    .addOption(flags.templates())
    .addOption(flags.clip())
    .addOption(flags.device())
    .addOption(flags.dtype())
    .addOption(flags.batchSize())
    .addOption(flags.seed())
    .addOption(outputOption('--top <n>', 'names shown an image').default(5).argParser(integer(1, 65535)))
    .addOption(flags.into('folder for classify.jsonl, images.jsonl and run.json (default: print only)'))
    .addOption(flags.json())
    .addHelpText('after', help)
    .action(async (images: string[], options: ClassifyFlags) => {
      requireClasses(options)
      const { classifyImages } = await import('../classify.js')
      await classifyImages(images, options, context)
    })
}

const help = `
Scores are probabilities over the given names (softmax at CLIP's temperature): they say which name fits best, not
whether any fits. Add names of what else it could be.

Examples:
  wordmask classify cat.jpg --classes "cat,dog,fox"
  wordmask classify photos --classes classes.txt --top 1 --json > scores.jsonl
  wordmask classify "photos/*.png" --classes "indoors,outdoors" --templates none --clip ViT-B-32/laion2b_s34b_b79k`
