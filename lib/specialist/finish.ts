import path from 'node:path'
import type { Archive } from '../archive/archive'
import type { ArchiveRow } from '../archive/types'
import { type CuratedClass, CuratedParts, CuratedSet } from '../curate/curated-set'
import { Decisions } from '../curate/decisions'
import type { WordmaskError } from '../errors'
import type { ReportItem } from '../report/page'
import { dataUri } from '../report/picture'
import { Segmenter } from '../segmenter/segmenter'
import { readPlaces } from '../sources'
import { type ClassEntry, parseClasses } from '../text/classes'
import { divideCores } from '../threads'
import { writeOverlay } from '../write/overlay'
import { type CardName, type SpecialistCard, writeCard } from './card'
import { chooseThreshold, imageFigures } from './figures'
import { answerHeld, foundImages, halves } from './measure'
import type { AbsentName, BuildSpecialistOptions } from './options'
import { eachImage } from './pixels'
import type { References } from './references'
import { pictured, type Said } from './review'
import { heldImages, type Split } from './split'
import { timesOf } from './time'
import { publish, type TrainedFacts } from './training'
import type { TrainingCounts } from './training-set'
import { measureTruth } from './truth'
import { keyOf, type Work } from './work'

export interface Unfinished {
  options: BuildSpecialistOptions
  archive: Archive
  set: CuratedSet
  classes: readonly ClassEntry[]
  absent: readonly AbsentName[]
  references: References
  sides: Split
  written: TrainingCounts
  facts: TrainedFacts
  /** Folder of the training, and the key of everything before it. */
  trained: string
  trainedKey: string
  size: { width: number; height: number }
  seed: number
  said: Said
  licence: string
  licences: SpecialistCard['licences']
  notes: readonly string[]
  work: Work
  onReject: (image: ArchiveRow, error: WordmaskError) => void
}

/** Images whose segmentation the card shows, and that times are taken on. */
const [shownImages, timedImages] = [6, 8]

/** Chooses thresholds, writes the folder that Segmenter.load takes, measures it, and writes its card. */
export async function finish(unfinished: Unfinished): Promise<SpecialistCard> {
  const { options, classes, references, sides, facts, trained, trainedKey, licence, work, onReject } = unfinished
  const { into, signal, onProgress, falsePositives = 5 } = options
  const held = heldImages(sides)
  const heldKey = keyOf(
    trainedKey,
    held.map(({ row, shown }) => [row.id, shown]),
  )
  const answers = await work.value('answers', heldKey, async () => {
    await using raw = await Segmenter.load(trained, signal ? { signal } : {})
    return await answerHeld(raw, held, signal, onProgress, onReject)
  })
  const byName = classes.map((_, i) => halves(answers, i))
  const thresholds = byName.map(({ choose }) => chooseThreshold(choose, falsePositives))
  const levels = thresholds.map(({ value }) => value)
  await publish(trained, into, classes, { thresholds: levels, licence, notes: facts.notes }, signal)

  await using specialist = await Segmenter.load(into, signal ? { signal } : {})
  const { segmenter: reco, competing } = references
  const leftOut = (image: string, { message }: WordmaskError) => options.onNote?.(`${image} is left out of the truth: ${message}`)
  const asked = parseClasses(options.names)
  const truth = options.truth && (await measureTruth(options.truth, specialist, reco, competing, signal, leftOut, asked))
  const rows = new Map(held.map(({ row }) => [row.id, row]))
  const found = foundImages(answers, rows, classes.map(({ name }) => name), levels) // biome-ignore format: one call
  const foundSet = setOf(unfinished, found)
  const { items, audited } = await look(unfinished, specialist, foundSet)
  const timed = [...sides.held, ...sides.trained, ...sides.heldWithout].slice(0, timedImages).map(({ row }) => row)
  const view = competing.length > 0 ? { background: { names: competing } } : {}
  const [own, others] = (await timesOf([{ segmenter: specialist }, { segmenter: reco, view }], timed, signal)) as [number, number]
  const time = { specialist: own, reco: others, ratio: others / own, threads: divideCores().tensor }
  const names = classes.map(({ name }, i): CardName => {
    const count = (list: Split['held']) => list.filter((one) => one.names.includes(i)).length
    const about = reco.references.find((one) => one.name === name)
    return {
      ...{ name, images: { trained: count(sides.trained), held: count(sides.held), references: about?.images.length ?? 0 } },
      ...{ threshold: thresholds[i]!, heldOut: imageFigures(byName[i]!.measure, levels[i]!) },
      ...(truth && { truth: truth[i]! }),
    }
  })
  const card = describe(unfinished, names, audited, time)
  await writeCard(into, card, items)
  return card
}

/** Held-out images in which names are found, as a set that can be reviewed and audited. */
function setOf({ set, options }: Unfinished, found: readonly CuratedClass['images'][]): CuratedSet {
  const classes = set.classes.map(({ entry, dropped }, i) => ({ entry, wanted: options.heldOut ?? 0, images: found[i]!, dropped }))
  return new CuratedSet(new CuratedParts(classes, set.origin, readPlaces))
}

/** Pictures for the card and the audit, and what people said in one before. */
async function look({ options, set, said, work, trainedKey, onReject }: Unfinished, specialist: Segmenter, found: CuratedSet) {
  const { into, audit, signal, seed = 0 } = options
  const folder = await work.growing('found', keyOf(trainedKey, found.key))
  const all = [...new Map([...found.images()].map((image) => [image.id, image])).values()]
  const drawn = audit === undefined ? all.slice(0, shownImages) : all
  const file = (id: string) => path.join(folder, `${keyOf(id)}.png`)
  const items: ReportItem[] = []
  for await (const { index, made } of eachImage(drawn, signal, onReject, async (pixels, at, stop) => {
    const image = { ...pixels, channels: 3 as const }
    const answer = await specialist.segment(image, { signal: stop })
    await writeOverlay(file(drawn[at]!.id), image, answer, { legend: false })
    return { answer, src: await dataUri(pixels) }
  }))
    if (made && index < shownImages) {
      const overlay = { caption: 'found', src: await dataUri(file(drawn[index]!.id)) }
      const legend = specialist.classes!.map(({ name, color }, i) => ({ name, color, coverage: made.answer.coverage[i]! }))
      const facts = [`${drawn[index]!.class} ${drawn[index]!.score.toFixed(3)}`]
      items.push({ title: drawn[index]!.key ?? drawn[index]!.uri, panels: [{ caption: 'image', src: made.src }, overlay], legend, facts })
    }
  if (audit !== undefined && found.size > 0) {
    const page = pictured(found, ({ id }) => file(id))
    const title = `Audit: does the image show ${set.classes.map(({ entry }) => entry.name).join(', ')}?`
    await page.review(path.join(into, 'audit.html'), { audit, seed, title, ...(signal && { signal }) })
  }
  if (audit !== undefined && found.size === 0)
    options.onNote?.('In no held-out image is a name found: there is nothing to audit. Add images, or train longer.')
  return { items, audited: audited(found, said) }
}

/** Undefined until a sample of this very set was judged. */
function audited(found: CuratedSet, said: Said) {
  const own = said.audit.filter(({ audit }) => audit?.startsWith(`${found.key}-`))
  return own.length === 0 ? null : found.measure(new Decisions(own))
}

function describe(
  unfinished: Unfinished,
  names: CardName[],
  audited: SpecialistCard['audited'],
  time: SpecialistCard['time'],
): SpecialistCard {
  const { options, set, absent, references, sides, written, facts, size, seed, licence, licences, notes } = unfinished
  const { archive, rows, model } = set.origin
  const { groupBy, boxes, compare = [] } = options
  const [start, ...more] = facts.notes
  return {
    ...{ version: 1, names, absent: absent.map(({ name, pValue }) => ({ name, pValue })) },
    ...{
      archive: { uri: archive, rows, model: model.name },
      compare: [...compare],
      contexts: references.segmenter.references[0] ? contextsOf(references) : [],
    },
    groups: groupBy === undefined ? null : { by: typeof groupBy === 'string' ? groupBy : 'a function', ...sides.groups },
    boxes: boxes === undefined ? null : typeof boxes === 'string' ? boxes : boxes.file,
    training: { ...written, steps: facts.steps, seconds: facts.seconds, size, seed },
    ...{ start: start ?? '', audited, time, licence, licences },
    rests: [
      'Held-out images are of groups that training has not seen. Whether they show a name is what CLIP says of them (the presence rule of archive.curate), not truth: an image that CLIP misses and the specialist finds counts against precision.',
      'Thresholds are chosen on one half of the held-out images without the names, figures are of the other half. Ranges are Wilson 95% intervals.',
    ],
    notes: [...notes.filter((note) => !more.includes(note))],
  }
}

const contextsOf = ({ segmenter }: References): string[] => [...new Set(segmenter.references.flatMap(({ contexts }) => contexts))]
