import path from 'node:path'
import type { Archive } from '../archive/archive'
import { contentOf } from '../archive/content'
import { type CuratedClass, CuratedParts, CuratedSet } from '../curate/curated-set'
import { WordmaskError } from '../errors'
import { sheetOf } from '../report/sheet'
import { writeAtomic } from '../run/atomic'
import { readPlaces } from '../sources'
import type { ClassEntry, ClassSpec } from '../text/classes'
import type { Scanned } from './kept'
import type { AbsentName, BuildSpecialistOptions } from './options'

/** Of a name, unless told otherwise. */
export const mostImages = 200
/** Pictures of a contact sheet. */
const sheetImages = 24

/** What the archive shows of the names. */
export interface Shown {
  /** The names that it shows, with their images. */
  set: CuratedSet
  /** Names, then those they are compared with. */
  specs: ClassSpec[]
  absent: AbsentName[]
}

/**
 * The presence test of archive.curate, of all names and those they are compared with at once. A name that is not shown gets a contact sheet
 * of the images most like it.
 */
export async function findShown(
  archive: Archive,
  names: readonly ClassEntry[],
  decisions: BuildSpecialistOptions['decisions'],
  { compare = [], images = mostImages, falseAlarms, into, signal }: BuildSpecialistOptions,
): Promise<Shown> {
  const specs = [...names.map(specOf), ...compare.map((name) => ({ name }))]
  const options = { perClass: images, ...(falseAlarms !== undefined && { falseAlarms }), ...(decisions && { decisions }) }
  const all = await archive.curate(specs, { ...options, ...(signal && { signal }) })
  const own = all.classes.slice(0, names.length)
  const shown = own.filter(({ images: found }) => found.length > 0)
  const absent: AbsentName[] = []
  for (const one of own.filter(({ images: found }) => found.length === 0)) absent.push(await showAbsent(archive, one, into, signal))
  return { set: new CuratedSet(new CuratedParts(shown, all.origin, readPlaces)), specs, absent }
}

/**
 * The set with further images of its names, after its own, each picture once: names that are shown at all. The level of archive.curate is
 * strict, so that of a rare name it lets few images through; of those that such a name fits best nearly all show it (scenes, seed 12: 44 of 47).
 */
export function withFitting(set: CuratedSet, fitting: readonly (readonly Scanned[])[], most: number): CuratedSet {
  const classes = set.classes.map((one, i) => {
    const own = new Set(one.images.map(contentOf))
    const more = [...new Map((fitting[i] ?? []).map((found) => [contentOf(found.row), found])).values()]
      .filter(({ row }) => !own.has(contentOf(row)))
      .map(({ row, score }) => ({ ...row, class: one.entry.name, score }))
    const images = [...one.images, ...more].slice(0, Math.max(most, one.images.length)).map((image, rank) => ({ ...image, rank }))
    // The estimate is of those above the level alone.
    const { estimatedPrecision: _, ...rest } = one
    return { ...(more.length > 0 ? rest : one), images }
  })
  return new CuratedSet(new CuratedParts(classes, set.origin, readPlaces))
}

async function showAbsent(archive: Archive, { entry, presence }: CuratedClass, into: string, signal: AbortSignal | undefined) {
  const best = await archive.curate([specOf(entry)], { perClass: sheetImages, falseAlarms: false, ...(signal && { signal }) })
  const rows = best.classes[0]?.images ?? []
  const pValue = presence?.pValue ?? 1
  const title = `Most like "${entry.name}", which is no better than chance (p = ${pValue.toFixed(3)})`
  const labels = rows.map(({ score }, i) => `${i + 1}  ${score.toFixed(3)}`)
  const sheet = path.join(into, `absent-${slug(entry.name)}.jpg`)
  await writeAtomic(sheet, await sheetOf(title, rows, labels, signal))
  return { name: entry.name, pValue, sheet }
}

/** No name is shown: there is nothing to learn from. */
export function noneShown(absent: readonly AbsentName[], archive: Archive): WordmaskError {
  return new WordmaskError('ERR_WORDMASK_ABSENT', `${absent.map((one) => absentNote(one, archive.uri)).join(' ')} ${whatToTry}`)
}

export const absentNote = ({ name, pValue, sheet }: AbsentName, archive: string): string =>
  `${archive} does not show "${name}": its best images fit it no better than names without a meaning (p = ${pValue.toFixed(3)}). They are in ${sheet}.`

export const whatToTry =
  'Where they do show it: other words or synonyms ("pangolin, scaly anteater"), an archive of tiles (wordmask index --tiles 2x2), a larger model, or a higher falseAlarms (--false-alarms). Else add images that show it.'

/** As parseClasses takes it. */
export const specOf = ({ name, synonyms, prompts, negatives }: ClassEntry): ClassSpec => ({
  ...{ name, synonyms: [...synonyms], negatives: [...negatives] },
  ...(prompts && { prompts: [...prompts] }),
})

export const slug = (name: string): string => name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60)
