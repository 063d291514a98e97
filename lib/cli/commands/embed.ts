import { type Command, Option } from 'commander'
import { flags, type ModelFlags, modelFlags, outputOption, withFlags } from '../flags'
import type { Context } from '../program'

export const formats = ['npy', 'safetensors', 'jsonl'] as const

export interface EmbedFlags extends ModelFlags {
  texts?: string
  format: (typeof formats)[number]
  templates?: string
  normalize: boolean
  into: string
  overwrite?: boolean
  seed: number
  json?: boolean
}

/** `wordmask embed`: CLIP vectors of images or texts, one row each, with ids. */
export function embed(program: Command, context: Context): void {
  const command = program
    .command('embed')
    .description('write CLIP vectors of images or texts')
    .argument('[images...]', 'files, folders, globs, or @list.txt (@-: standard input)')
  const texts = new Option('--texts <file>', 'embed the lines of a text file instead of images').helpGroup('Words:')
  withFlags(command, texts, flags.templates('none'), ...modelFlags(), flags.batchSize(), flags.seed())
  withFlags(
    command,
    outputOption('--format <format>', 'float32 rows').choices(formats).default('npy'),
    outputOption('--no-normalize', 'keep the length the model gives; default: unit length'),
    flags.into().default('wordmask-embed'),
    flags.overwrite(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (images: string[], options: EmbedFlags) => {
    const { embedInputs } = await import('../embed.js')
    await embedInputs(images, options, context)
  })
}

const help = `
What is written below --into:
  embeddings.npy           float32 [n, d]; or embeddings.safetensors (key "embeddings")
  images.jsonl             a line an image with its row; with --format jsonl the vector itself ("embedding")
  run.json, rejects.jsonl  how it was made; what could not be read
The same command again goes on where it stopped and appends new images; a changed image gets a new row. Until the
command is done the rows are in embeddings.npy.partial.

Examples:
  wordmask embed photos --into vectors
  wordmask embed "photos/**/*.jpg" --format safetensors --batch-size 64 --device cuda --into vectors
  wordmask embed --texts captions.txt --templates none --format jsonl --into texts`
