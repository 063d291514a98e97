import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Reject, Shard } from '../archive/types'
import type { Finished } from '../engine/collect'
import type { RunSummary } from '../engine/coordinate'
import { readCrew } from '../engine/crew'
import { discard } from '../engine/manifest'
import type { OperationSpec } from '../engine/operation'
import { checkWorkers, runShards } from '../engine/run-shards'
import { WorkFolder, workBase } from '../engine/work-folder'
import { invalidArgument, WordmaskError } from '../errors'
import { keepOrientation } from '../image/label-folder'
import { checkOptions, throwIfAborted } from '../options'
import { writeAtomic } from '../run/atomic'
import { differences } from '../run/run-file'
import { readIndex } from '../segmenter/saved'
import { Segmenter } from '../segmenter/segmenter'
import { type ClassEntry, parseClasses } from '../text/classes'
import { templateList } from '../text/prompts'
import { isThere, journalFile, LabelFolder, labelFileOf, labelLines } from './folder'
import { checkLabelling, configOf, type LabellingConfig } from './labelling'
import { type PseudoLabelled, type PseudoLabelOptions, pseudoLabelOptions } from './options'
import { keepSegmenter, segmenterHash } from './saved'
import { type LabelSources, planLabelShards } from './shards'
import { imagesFolder, summarize } from './summary'

/** Results held at once while they are taken over. */
const collector = { images: 500, afterMs: 5000 }

/**
 * Labels images by a segmenter, for a training: label maps (palette PNG, a byte a pixel; 255 is nobody's) by the workers of the batch
 * engine. `into` gets labels/a/b.png beside images/a/b.jpg, classes.json, images.jsonl and rejects.jsonl: what trainSegmenter takes; with
 * `orient: false` also labels/wordmask.json, by which it reads the images in the same way. The same call goes on where it
 * stopped, also after a crash, does what is missing, takes in new images, and does nothing where all is done. An image that cannot be read is reported and left out; a file that changes under its name is not looked at again.
 * @param sources folders (none that holds `into`), globs, lists, tars, single images; or a curated set
 * @throws ERR_WORDMASK_CLASSES for more than 254 label values; ERR_WORDMASK_INVALID_ARGUMENT for a folder that holds the labels of another
 *   run; ERR_WORDMASK_DEVICE, ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO, ERR_WORDMASK_QUEUE, ERR_WORDMASK_PEER; what Segmenter.load throws
 */
export async function pseudoLabel(sources: LabelSources, given: PseudoLabelOptions): Promise<PseudoLabelled> {
  const options = checkOptions('pseudoLabel', pseudoLabelOptions, given) as PseudoLabelOptions
  const { queue, part, devices, onWarning, signal, shardSize = 100, images = 'link' } = options
  checkWorkers({ queue, part, devices })
  if (options.templates !== undefined) templateList(options.templates)
  throwIfAborted(signal)
  const into = resolve(options.into)
  const beside = await imagesFolder(sources, images, into)
  const rejects: Reject[] = []
  const told = { ...(signal && { signal }), ...(onWarning && { onNotice: onWarning }), onReject: (reject: Reject) => rejects.push(reject) }
  const planned = planLabelShards(sources, { shardSize, ...told })
  try {
    // What is no source is refused before anything is written and anybody is started.
    const first = await planned.next()
    await refuseForeign(into)
    const { spec, classes, background } = await specOf(options, into)
    await refuseOther(into, spec)
    const work = await WorkFolder.create(workBase(into), spec)
    await redoMissing(work, into)
    await keepOrientation(join(into, 'labels'), options.orient ?? true)
    const shards = first.done ? undefined : continued(first.value, planned)
    const run = await label(work, new LabelFolder(into, images, signal), shards, rejects, options)
    const file = join(into, 'classes.json')
    await writeAtomic(file, `${JSON.stringify(classes.map(forTraining), null, 1)}\n`)
    return { images: beside, labels: join(into, 'labels'), classes: file, background, ...(await summarize(into, classes, background)), run }
  } finally {
    await planned.return(undefined).catch(() => {})
  }
}

async function* continued<T>(first: T, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  yield first
  yield* rest
}

/** Of no shards, as of a set in which nothing was chosen: nobody is started. */
const nothing: RunSummary = {
  ...{ planned: true, shards: 0, done: 0, failed: 0, committed: 0, images: 0, rejects: {}, imagesPerSecond: 0, inHand: 0 },
  ...{ timeLeftMs: 0, failures: [], stopped: false },
}

/** Has the shards done, and their labels laid into the folder. @param rejects filled as the shards are planned */
async function label(
  work: WorkFolder,
  folder: LabelFolder,
  shards: AsyncIterable<Shard> | undefined,
  rejects: readonly Reject[],
  { queue, part, devices, attempts, onWarning, stop, signal, onProgress, timing }: PseudoLabelOptions,
): Promise<RunSummary> {
  try {
    const workers = { queue, part, devices, attempts, onWarning, batchSize: undefined }
    const laid = { collect: (outputs: Finished[]) => folder.collect(outputs), collector, stop, signal, onProgress, ...timing }
    const run = shards === undefined ? nothing : await runShards(work, workers, { shards, ...laid })
    await folder.rejectAll(rejects)
    await folder.close()
    return run
  } finally {
    await folder.close().catch(() => {})
  }
}

/** Everything that decides the maps. */
async function specOf(options: PseudoLabelOptions, into: string) {
  const { segmenter, orient = true, threshold = null, dtype = 'float32', signal } = options
  if (typeof segmenter !== 'string' && !(segmenter instanceof Segmenter))
    throw invalidArgument('segmenter', 'a Segmenter, or the folder of one', segmenter)
  const defaults = typeof segmenter === 'string' ? (await readIndex(resolve(segmenter))).defaults : segmenter.defaults
  const classes: readonly ClassEntry[] | undefined = options.classes === undefined ? defaults.classes : parseClasses(options.classes)
  if (!classes) throw new WordmaskError('ERR_WORDMASK_CLASSES', 'No classes: the segmenter has none of its own, so name them')
  const asked = ['templates', 'background', 'size', 'slide', 'refine', 'maxPixels'] as const
  const own = Object.fromEntries(asked.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])))
  const config = { classes: plain(classes), ...configOf(defaults), ...own, threshold, orient, dtype } as LabellingConfig
  checkLabelling(config)
  const model = typeof segmenter === 'string' ? resolve(segmenter) : join(into, 'segmenter')
  const weights = typeof segmenter === 'string' ? await segmenterHash(model) : await keepSegmenter(segmenter, model, signal)
  const spec: OperationSpec = { name: 'pseudo-label', config: plain(config), weights, model }
  return { spec, classes, background: Boolean(config.background) }
}

const plain = <T>(value: T): any => JSON.parse(JSON.stringify(value))

/** What a network that is trained on the maps keeps of a class. */
const forTraining = ({ name, synonyms, id, color }: ClassEntry) => ({ name, synonyms, id, color })

/** Label maps that are there before the first run are somebody's. */
async function refuseForeign(into: string): Promise<void> {
  if (await isThere(journalFile(into))) return
  const names = await readdir(join(into, 'labels'), { recursive: true }).catch(() => [])
  const map = names.find((name) => name.endsWith('.png'))
  if (map !== undefined) throw invalidArgument('into', 'a folder without label maps of somebody', `${into}, which holds labels/${map}`)
}

/** Labels of two runs would lie side by side, and nothing would tell them apart. A run that came to no label is no run. */
async function refuseOther(into: string, spec: OperationSpec): Promise<void> {
  const labelled = await isThere(journalFile(into))
  for await (const work of WorkFolder.all(workBase(into))) {
    if (!labelled && !(await readCrew(work)).some(({ alive }) => alive)) continue
    const { spec: other } = work
    const changed = differences({ ...other.config, segmenter: other.weights }, { ...spec.config, segmenter: spec.weights })
    if (changed.length > 0)
      throw new WordmaskError(
        'ERR_WORDMASK_INVALID_ARGUMENT',
        `${into} holds the labels of another run (other: ${changed.join(', ')}). Choose another folder`,
      )
  }
}

/** Shards whose maps somebody has taken away since are done again. */
async function redoMissing(work: WorkFolder, into: string): Promise<void> {
  const again = new Set<string>()
  for await (const { name, job, bytes } of labelLines(into))
    if (bytes >= 0 && job !== undefined && !again.has(job) && !(await isThere(labelFileOf(into, name)))) again.add(job)
  for (const job of again) {
    await discard(work, job, undefined)
    await work.remove('committed', job)
  }
}
