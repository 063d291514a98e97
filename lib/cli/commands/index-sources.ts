import type { Command } from 'commander'
import { collect, flags, type ModelFlags, modelFlags, number, outputOption, sourceOption, text, withFlags } from '../flags'
import { type MachineFlags, machineFlags } from '../machines'
import type { Context } from '../program'
import { UsageError } from '../usage'

export interface IndexFlags extends ModelFlags, MachineFlags {
  captions: boolean
  tiles?: string
  boxes?: string
  minConfidence?: number
  root?: string
  orient: boolean
  retryRejects?: boolean
  column?: string[]
  into?: string
  json?: boolean
}

/** `wordmask index`: images into an archive, here or by workers on other machines. */
export function indexSources(program: Command, context: Context): void {
  const command = program
    .command('index')
    .description('embed images into an archive that can be searched')
    .argument(
      '<sources...>',
      'folders, globs, lists (.txt .csv .jsonl .parquet), tars ("{000..150}.tar"), clip-retrieval dumps; also s3://',
    )
  withFlags(
    command,
    sourceOption('--no-captions', 'leave out captions (.txt beside images, members of tars, columns of lists)'),
    sourceOption('--tiles <grid>', 'a row a tile, such as 2x2: for small things in large pictures').argParser(text),
    sourceOption('--boxes <file>', 'a row a box of a detector: COCO or MegaDetector JSON').argParser(text),
    sourceOption('--min-confidence <share>', 'of --boxes: leave out boxes below it').argParser(number(0, 1)),
    sourceOption('--column <what=name>', 'column of a list: uri=, caption= or id= (repeat it for more)').argParser(collect),
    sourceOption('--root <prefix>', 'ids are made of what follows it: for machines that have the same files at different places').argParser(
      text,
    ),
    sourceOption('--no-orient', 'leave the EXIF orientation aside'),
    sourceOption('--retry-rejects', 'try again what could not be read before'),
    ...modelFlags('the archive\'s own; of a new one "scenes", built in, for drawings'),
    flags.batchSize().default(32),
    ...machineFlags(2000, 'this process alone'),
    outputOption('--into <archive>', 'the archive: a folder, or s3://bucket/prefix; made where there is none').argParser(text),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (sources: string[], options: IndexFlags) => {
    if (options.into === undefined) throw new UsageError('Expected --into: the folder of the archive, or s3://bucket/prefix')
    const { indexInto } = await import('../archive/index-sources.js')
    await indexInto(sources, { ...options, into: options.into }, context)
  })
}

const help = `
Before it starts it says how many images there are, how long they will take and how much disk they need. The same command again
goes on where it stopped, skips what is known, replaces images whose content changed, and adds new ones. An image that cannot
be read is reported and left out. Ctrl-C stops soon and loses nothing; so does kill -9.

On several machines: every machine reaches the sources and the archive (a shared folder, s3://). One runs
"wordmask index ... --queue redis://host/0", which plans and commits; any number run "wordmask worker --queue redis://host/0".
Without Redis: "--shard 0/8" to "--shard 7/8" in a job array. "wordmask status ARCHIVE" tells from anywhere how far it is.

Examples:
  wordmask index photos --into photos.archive --clip ViT-B/32
  wordmask index "shards/{000..150}.tar" --into photos.archive --clip ViT-B/32 --devices cuda:0,cuda:1
  wordmask index list.csv --column uri=file --column caption=title --into photos.archive
  wordmask index s3://bucket/tars/ --into s3://bucket/archive --queue redis://10.0.0.5/0`
