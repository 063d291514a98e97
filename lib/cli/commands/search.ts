import type { Command } from 'commander'
import { archiveModelFlags, collect, flags, integer, type ModelFlags, number, outputOption, searchOption, text, withFlags } from '../flags'
import type { Context } from '../program'
import { UsageError } from '../usage'

export interface SearchFlags extends Omit<ModelFlags, 'batchSize'> {
  image?: string[]
  minus?: string[]
  topK: number
  where?: string
  minScore?: number
  approximate?: boolean
  crops?: boolean
  templates?: string
  into?: string
  json?: boolean
}

/** `wordmask search`: the images of an archive that are most like words or images. */
export function search(program: Command, context: Context): void {
  const command = program
    .command('search')
    .description('find images of an archive by words or by images')
    .argument('<archive>', 'folder or s3:// of an archive')
    .argument('[texts...]', 'what to look for; each text is a query of its own')
  withFlags(
    command,
    searchOption('--image <file>', 'look for what is like this image (repeat it for more queries)').argParser(collect),
    searchOption('--minus <text>', 'taken away from every query (repeat it for more)').argParser(collect),
    searchOption('--top-k <n>', 'hits a query').default(20).argParser(integer(1, 100_000)),
    searchOption('--where <sql>', 'only rows for which this holds: "width > 256 AND site = \'north\'"').argParser(text),
    searchOption('--min-score <cosine>', 'leave out hits below it').argParser(number(-1, 1)),
    searchOption('--approximate', 'use the index of "wordmask create-index" instead of comparing with every image'),
    searchOption('--crops', 'show crops as they are, instead of the image they are of'),
    flags.templates('none'),
    ...archiveModelFlags(),
    outputOption('--into <folder>', 'write hits.jsonl and a contact sheet a query (JPEG) there').argParser(text),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (archive: string, texts: string[], options: SearchFlags) => {
    if (texts.length + (options.image?.length ?? 0) === 0) throw new UsageError('Expected words to look for, or --image FILE')
    const { searchArchive } = await import('../archive/search.js')
    await searchArchive(archive, texts, options, context)
  })
}

const help = `
Scores are cosines; they compare hits of one query, not queries with each other. Whether a name is in the archive at all is what
"wordmask curate" tests.

Examples:
  wordmask search photos.archive "a photo of a fox"
  wordmask search photos.archive "a street" --minus "a car" --top-k 50 --into streets
  wordmask search photos.archive --image query.jpg --where "width > 1000" --json`
