import type { Command } from 'commander'
import { archiveModelFlags, flags, type ModelFlags, withFlags } from '../flags'
import type { Context } from '../program'
import { type RecoFlags, recoFlags } from '../reco-flags'
import { requireClasses, UsageError } from '../usage'

export interface RecoBuildFlags extends RecoFlags, Omit<ModelFlags, 'batchSize'> {
  classes: string
  templates?: string
  seed: number
  into: string
  overwrite?: boolean
  json?: boolean
}

/** `wordmask reco build`: a reference embedding for each name, out of unlabelled images. */
export function reco(program: Command, context: Context): void {
  const group = program
    .command('reco')
    .description('retrieve and co-segment: segmenters for names out of unlabelled images')
    .addHelpText('after', groupHelp)
  const command = group.command('build').description('make references for names out of an archive, and a segmenter of them')
  withFlags(
    command,
    flags.classes(),
    flags.templates(),
    ...recoFlags(),
    ...archiveModelFlags(),
    flags.seed(),
    flags.into('folder of the segmenter; a build that stopped goes on there, and further names join').default('wordmask-reco'),
    flags.overwrite(),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (options: RecoBuildFlags) => {
    requireClasses(options)
    if (options.archive === undefined)
      throw new UsageError('Expected --archive: the folder (or s3://) that "wordmask index" made; images of the names are taken from it')
    const { buildReferences } = await import('../reco-build.js')
    await buildReferences({ ...options, archive: options.archive }, context)
  })
}

const groupHelp = `
ReCo takes the k images of an archive that are most like a name, finds the one place in each that all of them have in common,
and keeps the mean of these places: the reference of the name. A picture is then segmented by both likenesses, to the references and to
the names. Nothing is trained, nothing is labelled.

Examples:
  wordmask index photos --into photos.archive
  wordmask reco build --archive photos.archive --classes "fox,fence" --into refs
  wordmask reco build --help
  wordmask segment --model refs holiday`

const help = `
For every name: the k most similar images of the archive (--k auto: only such as show it, by the test of "wordmask curate"); features of
each image, read and encoded once and kept beside the archive; the places that they have in common, those that resemble a context
(--contexts) or do not resemble the name counting less; one embedding. A name that is a context takes the context's reference.

Stopped at any moment it goes on with the same command. Names join by naming them: the images of those that are there already are not
read again. What no longer follows from the archive, the models and the flags is made anew.

What is written below --into:
  wordmask.json     the segmenter: wordmask segment --model DIR, or Segmenter.load(DIR)
  references/       a file a name: its embedding, the images, and where in them the seeds lie
  run.json          how it was made

Examples:
  wordmask reco build --archive photos.archive --classes names.txt --into refs
  wordmask reco build --archive photos.archive --classes "fox" --k auto --into refs
  wordmask reco build --archive s3://bucket/archive --classes names.txt --window perImage --into refs
  wordmask reco build --archive photos.archive --classes "boat" --contexts "water,sky,person" --into boats
  wordmask segment --model refs holiday --background names:tree,sky`
