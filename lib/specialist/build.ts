import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Archive } from '../archive/archive'
import { inFolder } from '../archive/lock'
import type { Clip } from '../clip/clip'
import { checkColumn } from '../curate/group'
import { invalidArgument, WordmaskError } from '../errors'
import { checkOptions, type RunOptions } from '../options'
import { Opening } from '../reco/open'
import { writeAtomic } from '../run/atomic'
import { type ClassEntry, parseClasses, sameName } from '../text/classes'
import { bothSides } from '../train/segmenter/recipe'
import { boxesKey, claim, refuseOther, settingsOf } from './asked'
import type { BoxesOf } from './boxes'
import { finish } from './finish'
import { groupOf } from './groups'
import { checkInputs } from './inputs'
import { makeMasks } from './masks'
import { type BuildSpecialistOptions, type Specialist, type SpecialistStage, specialistOptions } from './options'
import { absentNote, findShown, mostImages, noneShown, specOf, whatToTry, withFitting } from './presence'
import { makeReferences, referenceGroups } from './references'
import { readSaid, underMasks } from './review'
import { scan } from './scan'
import { heldShare, split, usualSize } from './split'
import { inherited, licencesOf, trainingOf, trainOn } from './training'
import { type TrainingCounts, writeTrainingSet } from './training-set'
import { keyOf, Work } from './work'

/** Images of doubtful presence that are left out for each name: at least so many, but no more than this share of the archive. */
const [leastDoubtful, mostDoubtful] = [16, 0.25]

/**
 * A small segmenter for names out of unlabelled images: the images that show them are found (archive.curate) and labelled (ReCo, at most two
 * reference images of a group), and a DeepLabv3+ on MobileNetV2 is trained on them, on images without the names, and on composites of
 * both. The folder gets review.html (the masks), card.json and card.html (how well it does), and what Segmenter.load takes. The same call goes
 * on where one stopped; what no longer follows from archive, models, decisions and options is made anew. A name that the archive does not
 * show is left out and told, with a contact sheet.
 * @throws ERR_WORDMASK_ABSENT where it shows none of them; ERR_WORDMASK_CLASSES; ERR_WORDMASK_INVALID_ARGUMENT for a folder of another
 *   specialist, or a groupBy that no image has; what Archive.open and trainSegmenter throw; ERR_WORDMASK_ABORTED
 */
export async function buildSpecialist(given: BuildSpecialistOptions): Promise<Specialist> {
  const options = checkOptions('buildSpecialist', specialistOptions, given) as unknown as BuildSpecialistOptions
  const names = parseClasses(options.names)
  const both = options.compare?.find((name) => names.some((one) => sameName(one.name) === sameName(name)))
  if (both !== undefined) throw invalidArgument('buildSpecialist: compare', 'names other than those to be segmented', both)
  const { signal } = options
  const opening = new Opening(signal ? { signal } : {})
  try {
    const { archive, clip } = await opening.archive(options.archive, options.clip as Clip | string | undefined)
    const encoder = options.encoder === undefined ? undefined : (await opening.encoder(options.encoder, clip)).model
    const into = path.resolve(options.into)
    const own = { ...options, ...(encoder && { encoder: encoder as Clip }), into }
    const boxesOf = await checkInputs(options)
    return await inFolder(into, signal, () => build(own, { names, archive, clip, boxesOf }))
  } finally {
    await opening.undo()
  }
}

async function build(
  options: BuildSpecialistOptions,
  parts: { names: readonly ClassEntry[]; archive: Archive; clip: Clip; boxesOf: BoxesOf | undefined },
): Promise<Specialist> {
  const { names, archive, clip, boxesOf } = parts
  const { into, signal, seed = 0, without = 400, composites = 400, heldOut = 2000, training = {} } = options
  const { onNote = warn, onReject = (image, { code, message }) => warn(`${image.key ?? image.uri}: ${message}. It is left out.`, code) } =
    options
  const notes: string[] = []
  const note = (text: string) => {
    notes.push(text)
    onNote(text)
  }
  const within = (stage: SpecialistStage): RunOptions => {
    options.onStage?.(stage)
    return { ...(signal && { signal }), ...(options.onProgress && { onProgress: options.onProgress }) }
  }
  const work = new Work(into)
  await refuseOther(work, settingsOf(options, archive))
  await checkColumn(options.groupBy, archive.rows(signal ? { signal } : {}))

  within('presence')
  const said = await readSaid(options.decisions, into)
  const { set: tested, specs, absent } = await findShown(archive, names, said.masks.length > 0 ? said.masks : undefined, options)
  if (tested.classes.length === 0) throw noneShown(absent, archive)
  for (const one of absent) note(`${absentNote(one, archive.uri)} ${whatToTry}`)
  await claim(work, settingsOf(options, archive))
  const classes = parseClasses(tested.classes.map(({ entry }) => specOf(entry)))
  const shownSpecs = [...tested.classes.map(({ entry }) => specOf(entry)), ...specs.slice(names.length)]

  const run = within('references')
  const group = groupOf(options.groupBy)
  const rows = await archive.count()
  const doubtful = classes.map((_, i) =>
    Math.floor(Math.min(Math.max(leastDoubtful, tested.classes[i]!.images.length), mostDoubtful * rows)),
  )
  const leftOut = new Set([...[...tested.images()].map(({ id }) => id), ...said.masks.map(({ id }) => id)])
  const most = options.images ?? mostImages
  const wanted = { without: Math.max(without, most), heldOut }
  const found = await scan(
    archive,
    {
      ...{ specs: shownSpecs, names: classes.length, groupOf: group, grouped: options.groupBy !== undefined, seed },
      ...{ leftOut, doubtful, fitting: most },
      ...{ hard: wanted.without, random: Math.ceil(heldOut / heldShare) + 2 * wanted.without },
      places: (fitting) => referenceGroups(withFitting(tested, fitting, most), group),
    },
    signal,
  )
  const set = withFitting(tested, found.fitting, most)
  await set.save(path.join(into, 'curated.jsonl'))
  wanted.without = Math.max(without, set.size)
  const request = { archive, clip, set, specs: shownSpecs, groupOf: group, lowest: found.lowest, options: { ...options, ...run }, onReject }
  const references = await makeReferences({ ...request, folder: work.path('references') })
  try {
    const size = bothSides(training.size ?? usualSize(set))
    const made = references.segmenter.references.map(({ entry, making, asked }) => `${entry} ${making} ${asked}`).sort()
    const masksKey = keyOf(made, size, await boxesKey(options.boxes), references.competing)
    const { onProgress } = within('masks')
    const folder = await work.growing('masks', masksKey)
    const masked = await makeMasks({ set, classes, references, boxesOf, groupOf: group, size, folder, signal, onProgress, onReject })
    const review = path.join(into, 'review.html')
    const usable = new Set(masked.flatMap(({ names: own }) => own))
    const empty = classes.filter((_, i) => !usable.has(i)).map(({ name }) => `"${name}"`)
    if (empty.length > 0) throw noMask(empty, options.boxes !== undefined)
    const page = () => underMasks(set, masked).review(review, { title: titleOf(classes), ...(signal && { signal }) })
    const shownKey = keyOf(masksKey, set.key)
    if (existsSync(review)) await work.value('review', shownKey, page)
    else await work.anew('review', shownKey, page)
    if (options.review) return { folder: into, names: classes.map(({ name }) => name), absent, review, card: undefined, notes }

    const sides = split({ masked, names: classes.length, found, seed }, wanted)
    if (sides.without.length < sides.trained.length)
      note(
        `Only ${sides.without.length} images without the names are left to train on, for ${sides.trained.length} with: it will find names where there are none. Add images.`,
      )
    const ids = (list: readonly { row: { id: string } }[]) => list.map(({ row }) => row.id)
    const setKey = keyOf(masksKey, ids(sides.trained), ids(sides.without), composites, seed)
    const counts: { value?: TrainingCounts } = {}
    const data = within('data')
    const trainingSet = await work.folderOf('set', setKey, async (beside) => {
      const { without: others, trained: masks } = sides
      const row = others.map((one) => one.row)
      const all = { classes, masked: masks, without: row, composites, size, seed, signal, onProgress: data.onProgress, onReject }
      counts.value = await writeTrainingSet(beside, all)
      await writeAtomic(path.join(beside, 'counts.json'), JSON.stringify(counts.value))
    })
    const written = counts.value ?? (JSON.parse(await readFile(path.join(trainingSet, 'counts.json'), 'utf8')) as TrainingCounts)

    const licences = await licencesOf(clip, options.encoder as Clip | undefined, training.backboneWeights, signal)
    const licence = options.licence ?? inherited(licences)
    const trainedKey = keyOf(setKey, trainingOf(training), licence)
    const trained = work.path(`training-${trainedKey}`)
    const during = within('training')
    const facts = await work.value('training', trainedKey, () =>
      trainOn(trainingSet, trained, { classes, size, licence, seed }, { ...options, ...during }),
    )
    for (const text of facts.notes) note(text)
    const measuring = { ...options, onNote, ...within('measuring') }
    const card = await finish({
      ...{ options: measuring, archive, set, classes, absent, references, sides, written, facts, trained, trainedKey, size, seed },
      ...{ said, licence, licences, notes, work, onReject },
    })
    return { folder: into, names: classes.map(({ name }) => name), absent, review, card, notes }
  } finally {
    await references.segmenter[Symbol.asyncDispose]()
  }
}

function noMask(names: readonly string[], boxes: boolean): WordmaskError {
  const why = boxes
    ? ': no image of it has a box with a part of its mask. Names in the boxes file are paths below a folder of the images'
    : ''
  return new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `No mask of ${names.join(', ')} is left to learn from${why}`)
}

const titleOf = (classes: readonly ClassEntry[]) => `Masks of ${classes.map(({ name }) => name).join(', ')}: does each lie on the thing?`

function warn(text: string, code = 'WORDMASK_SPECIALIST'): void {
  process.emitWarning(text, { type: 'WordmaskWarning', code })
}
