import type { Command } from 'commander'
import { archiveModelFlags, collect, flags, integer, type ModelFlags, number, outputOption, searchOption, text, withFlags } from '../flags'
import type { Context } from '../program'
import { requireClasses } from '../usage'

export interface CurateFlags extends Omit<ModelFlags, 'batchSize'> {
  classes: string
  templates?: string
  perClass: number
  minScore?: number
  margin?: number
  groupBy?: string
  perGroup?: number
  diverse?: 'mmr' | 'k-centre'
  keepDuplicates?: boolean
  exclude?: string[]
  decisions?: string[]
  falseAlarms: number
  test: boolean
  audit?: number
  seed: number
  into: string
  overwrite?: boolean
  json?: boolean
}

/** `wordmask curate`: the best images of every name, with a page to review them. */
export function curate(program: Command, context: Context): void {
  const command = program
    .command('curate')
    .description('choose the best images of an archive for each of a list of names')
    .argument('<archive>', 'folder or s3:// of an archive')
  withFlags(
    command,
    flags.classes(),
    flags.templates(),
    searchOption('--per-class <n>', 'images wanted of a name').default(100).argParser(integer(1, 1_000_000)),
    searchOption('--min-score <cosine>', 'least cosine with the name').argParser(number(-1, 1)),
    searchOption('--margin <cosine>', 'how much nearer an image is to its name than to every other one').argParser(number(-2, 2)),
    searchOption('--group-by <column>', 'images of one group (camera, site, burst; or: folder) are capped').argParser(text),
    searchOption('--per-group <n>', 'images of a group (default: 1)').argParser(integer(1, 1_000_000)),
    searchOption('--diverse <method>', 'take different images first').choices(['mmr', 'k-centre']),
    searchOption('--keep-duplicates', 'near-duplicates, too, which are left out otherwise'),
    searchOption('--exclude <folder>', 'leave out what an earlier set holds (repeat it for more)').argParser(collect),
    searchOption(
      '--decisions <file>',
      'what review.html saved: rejected images stay away, accepted ones stay (repeat it for more)',
    ).argParser(collect),
    searchOption('--false-alarms <share>', 'chance of calling a name present that is not there')
      .default(0.05)
      .argParser(number(0.0001, 0.5)),
    searchOption('--no-test', 'take the best images of a name whatever they show'),
    ...archiveModelFlags(),
    outputOption('--audit <n>', 'review.html shows n images at random: judging them measures precision').argParser(integer(1, 100_000)),
    flags.seed(),
    flags.into().default('wordmask-curated'),
    flags.overwrite(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (archive: string, options: CurateFlags) => {
    requireClasses(options)
    const { curateArchive } = await import('../archive/curate.js')
    await curateArchive(archive, options, context)
  })
}

const help = `
A name gets images where the best of them fit it better than any other name, and as no word without a meaning fits: too few is an answer
("fire hydrant 500 of 500; axolotl 0 of 500: no better than absent names"). The precision that is printed is estimated from scores;
to measure it, write the page with --audit 50, judge the pictures, and give the saved file to --decisions.

What is written below --into:
  curated.jsonl   a line an image with its name, score and place
  review.html     one page with every picture: click or press a key to reject, save decisions.jsonl
  run.json        how it was made

Examples:
  wordmask curate photos.archive --classes "fire hydrant,fox" --per-class 500 --into hydrants
  wordmask curate photos.archive --classes names.txt --audit 50 --into names
  wordmask curate photos.archive --classes names.txt --decisions decisions.jsonl --into names --overwrite
  wordmask export hydrants --format coco --into dataset
  wordmask segment --curated hydrants --write coco --into masks`
