import { type Command, Option } from 'commander'
import { flags, integer, outputOption, text, withFlags } from '../flags'
import type { Context } from '../program'
import { UsageError } from '../usage'

export const exportFormats = ['folder', 'webdataset', 'parquet', 'jsonl', 'clip-retrieval', 'coco'] as const

export interface ExportFlags {
  format: (typeof exportFormats)[number]
  archive?: string
  copy?: boolean
  link?: boolean
  shardSize?: number
  into?: string
  overwrite?: boolean
  json?: boolean
}

/** `wordmask export`: a curated set for other programs. */
export function exportCurated(program: Command, context: Context): void {
  const command = program
    .command('export')
    .description('write a curated set for other programs')
    .argument('<curated>', 'folder that "wordmask curate" wrote')
  withFlags(
    command,
    new Option('--format <format>', 'layout').choices(exportFormats).default('folder').helpGroup('Output:'),
    outputOption('--copy', "write the images' own bytes (default for folder, webdataset, coco)"),
    outputOption('--link', 'symbolic links to local files instead'),
    outputOption('--shard-size <n>', 'images a tar or a partition').argParser(integer(1, 10_000_000)),
    outputOption('--archive <archive>', 'where the vectors are, for clip-retrieval (default: where the set comes from)').argParser(text),
    outputOption('--into <folder>', 'a folder that is not there yet').argParser(text),
    flags.overwrite(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (curated: string, options: ExportFlags) => {
    if (options.into === undefined) throw new UsageError('Expected --into: a folder that is not there yet')
    const { exportSet } = await import('../archive/export.js')
    await exportSet(curated, { ...options, into: options.into }, context)
  })
}

const help = `
Formats:
  folder          a sub-folder a name
  webdataset      00000.tar ...: image, .json, .cls, .txt
  parquet, jsonl  a row an image; with --copy the images too
  clip-retrieval  img_emb/*.npy and metadata/*.parquet
  coco            coco.json (images, categories) and images/
Images are read by one request each, grouped by the tar they lie in. Stopped by anything, the same command goes on.

Examples:
  wordmask export curated --format webdataset --into dataset
  wordmask export curated --format folder --link --into dataset`
