import type { Command } from 'commander'
import { flags, integer, number, outputOption, searchOption, text, withFlags } from '../flags'
import type { Context } from '../program'

export interface DedupeFlags {
  exact: boolean
  maxHamming: number
  minCosine: number
  hash: boolean
  cosine: boolean
  apply?: boolean
  undo?: string | true
  into?: string
  json?: boolean
}

/** `wordmask dedupe`: near-duplicates of an archive. */
export function dedupe(program: Command, context: Context): void {
  const command = program
    .command('dedupe')
    .description('find near-duplicates in an archive, and hide them')
    .argument('<archive>', 'folder or s3:// of an archive')
  withFlags(
    command,
    searchOption('--no-exact', 'leave out the comparison of bytes'),
    searchOption('--max-hamming <bits>', 'perceptual hashes that differ in at most so many of 64 bits')
      .default(4)
      .argParser(integer(0, 64)),
    searchOption('--no-hash', 'leave out the comparison of perceptual hashes'),
    searchOption('--min-cosine <cosine>', 'vectors at least this much alike').default(0.96).argParser(number(0.01, 1)),
    searchOption('--no-cosine', 'leave out the comparison of vectors'),
    outputOption('--apply', 'hide the duplicates; without it nothing is changed'),
    outputOption('--undo [reason]', 'show again what a dedupe hid (default: all of them)'),
    outputOption('--into <file>', 'write a line a duplicate: id, kept, how, closeness').argParser(text),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (archive: string, options: DedupeFlags) => {
    const { dedupeArchive } = await import('../archive/dedupe.js')
    await dedupeArchive(archive, options, context)
  })
}

const help = `
Each duplicate belongs to one image that is kept, the largest of those it is like (the first, where they are equal): groups are stars
round it, not chains, so nothing is hidden that is not itself like the image that stays. What it costs is printed first. Nothing is
removed: hidden images leave searches, curation and counts, and --undo brings them back.

Examples:
  wordmask dedupe photos.archive                        what would be hidden
  wordmask dedupe photos.archive --into duplicates.jsonl
  wordmask dedupe photos.archive --apply
  wordmask dedupe photos.archive --undo`
