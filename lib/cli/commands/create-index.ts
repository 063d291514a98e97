import type { Command } from 'commander'
import { archiveModelFlags, flags, integer, type ModelFlags, number, searchOption, withFlags } from '../flags'
import type { Context } from '../program'

export const indexTypes = ['ivf-flat', 'ivf-pq', 'ivf-rq', 'hnsw-sq', 'hnsw-pq'] as const

export interface CreateIndexFlags extends Omit<ModelFlags, 'batchSize'> {
  type: (typeof indexTypes)[number]
  targetRecall: number
  partitions?: number
  json?: boolean
}

/** `wordmask create-index`: an approximate index, with its recall measured. */
export function createIndex(program: Command, context: Context): void {
  const command = program
    .command('create-index')
    .description('make an approximate index of an archive, and measure its recall')
    .argument('<archive>', 'folder or s3:// of an archive')
  withFlags(
    command,
    searchOption('--type <type>', 'ivf-flat keeps the vectors as they are; the others shrink them').choices(indexTypes).default('ivf-flat'),
    searchOption('--target-recall <share>', 'of the exact answer, at 10 and at 100 hits, for texts and for images')
      .default(0.95)
      .argParser(number(0.01, 1)),
    searchOption('--partitions <n>', 'parts of an IVF index (default: square root of the rows)').argParser(integer(1, 1_000_000)),
    ...archiveModelFlags(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (archive: string, options: CreateIndexFlags) => {
    const { indexArchive } = await import('../archive/create-index.js')
    await indexArchive(archive, options, context)
  })
}

const help = `
Exact search needs no index and is fast up to some millions of images: it reads 2 bytes a dimension and image. An index answers from
a part of them; how much of the exact answer it finds is measured here, for texts and for images apart, since an index that is good
for one can be bad for the other.

Examples:
  wordmask create-index photos.archive
  wordmask create-index photos.archive --type ivf-pq --target-recall 0.9
  wordmask search photos.archive "a fox" --approximate`
