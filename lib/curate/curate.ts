import { contentOf } from '../archive/content'
import { invalidArgument } from '../errors'
import { checkOptions, throwIfAborted } from '../options'
import { type ClassEntry, type ClassSpec, parseClasses } from '../text/classes'
import { type Templates, templateList } from '../text/prompts'
import { bankOf, fewTemplates, nullNames } from './bank'
import { ClassSearch, type Found } from './class-search'
import { type CuratedClass, type CuratedImage, type CuratedOrigin, CuratedParts, CuratedSet, type Presence } from './curated-set'
import { type Decisions, readDecisions } from './decisions'
import { checkColumn, rowsOf } from './group'
import type { ReadImages } from './images'
import { defaultNear } from './near'
import { estimatedPrecision, imageLevel, type Level, NullLevel } from './null-level'
import { type CurateOptions, curateOptions } from './options'
import { firstRows, type Judgement, judge, type Looks } from './presence'
import { type SelectOptions, select } from './select'
import type { ClassText, CurateSource } from './source'
import { fallOffs } from './standing'

/** What curation asks of a CLIP. */
export interface CurateClip {
  /** Unit rows [classes, dim]. */
  vectors(classes: readonly ClassText[], templates: Templates | undefined, signal?: AbortSignal): Promise<Float32Array>
  /** Those names that the model can read. */
  readable(names: readonly ClassText[]): ClassText[]
  templates: Templates
  /** Whole words that the model has tokens for. */
  words(): Promise<string[]>
}

export interface CurateInput {
  source: CurateSource
  clip: CurateClip
  read: ReadImages
  origin: Omit<CuratedOrigin, 'settings'>
}

/** Candidates looked at first, per image wanted; four times as many next, until enough are found or none is left above the level. */
const [firstLook, nextLook] = [4, 4]
/** Per image wanted, at most: what is not among them is not found. */
const lastLook = 256

/** Archive.curate. */
export async function curate(
  { source, clip, read, origin }: CurateInput,
  classes: readonly (string | ClassSpec)[],
  given: CurateOptions = {},
): Promise<CuratedSet> {
  const { signal, onProgress, ...options } = checkOptions('curate', curateOptions, given)
  const { perClass = 100, falseAlarms = 0.05, templates, groupBy, perGroup } = options
  if (perGroup !== undefined && groupBy === undefined)
    throw invalidArgument('curate: groupBy', 'a column or a function beside perGroup', groupBy)
  await checkColumn(groupBy, rowsOf(source, signal))
  const entries = parseClasses(classes)
  const decisions = options.decisions === undefined ? undefined : await readDecisions(options.decisions)
  const excluded = await excludedIds(options.exclude)
  const vectors = await clip.vectors(entries, templates, signal)
  const negatives = await negativesOf(entries, clip, templates, signal)
  const level = falseAlarms === false ? undefined : await fitLevel(source, clip, entries, vectors, templates, falseAlarms, signal)
  const falls = level && (await fallOffs(source, vectors, signal))
  const found: CuratedClass[] = []
  for (const [index, entry] of entries.entries()) {
    throwIfAborted(signal)
    const search = new ClassSearch(source, { index, vectors, negatives: negatives.get(index), level, fallOff: falls?.[index], groupBy })
    // An image may be in the archive more than once, under several ids.
    const rejected = new Set(await source.contents(decisions?.ids(entry.name, 'reject') ?? [], signal))
    const select_: SelectOptions<Found> = {
      wanted: perClass,
      level: Number.NEGATIVE_INFINITY,
      minScore: options.minScore ?? -1,
      minMargin: options.margin ?? Number.NEGATIVE_INFINITY,
      near: options.duplicates === false ? undefined : { ...defaultNear, ...options.duplicates },
      perGroup: groupBy === undefined ? Number.POSITIVE_INFINITY : (perGroup ?? 1),
      diverse: options.diverse,
      excluded: (id) => excluded.has(id),
      rejected: ({ facts }) => rejected.has(contentOf(facts)),
    }
    found.push(await curateClass(search, entry, select_, level, decisions, signal))
    onProgress?.(index + 1, entries.length)
  }
  const settings = {
    ...plainSettings(options),
    ...{ perClass, falseAlarms },
    decisions: decisions && [...decisions].length,
    excluded: excluded.size,
  }
  const byId = async (ids: readonly string[], stop?: AbortSignal) => ({
    data: await source.vectors(await source.find(ids, stop), stop),
    dim: source.dim,
  })
  return new CuratedSet(new CuratedParts(found, { ...origin, settings }, read, byId))
}

async function curateClass(
  search: ClassSearch,
  entry: ClassEntry,
  options: SelectOptions<Found>,
  nulls: NullLevel | undefined,
  decisions: Decisions | undefined,
  signal: AbortSignal | undefined,
): Promise<CuratedClass> {
  const accepted = await search.byId(decisions?.ids(entry.name, 'accept') ?? [], signal)
  const size = Math.min(search.size, lastLook * Math.max(options.wanted, firstRows))
  const level = nulls?.level
  for (let k = Math.min(size, Math.max(firstLook * options.wanted, firstRows)); ; k = Math.min(size, nextLook * k)) {
    const looked = await search.best(k, signal)
    const said = level && judge(level.tests, looksOf(looked, search.ranked))
    const present = said === undefined || said.present
    const candidates = said === undefined ? looked : looked.map((one) => ({ ...one, evidence: one.kinds[said.by] }))
    const least = said === undefined ? Number.NEGATIVE_INFINITY : present ? leastOf(level!, said, candidates) : Number.POSITIVE_INFINITY
    const selection = await select(candidates, accepted, { ...options, level: least })
    // More may be found further down only where some of the last that were looked at are still good enough.
    const deeper = k < size && present && goodInTail(candidates, least)
    if (deeper && selection.taken.length < options.wanted) continue
    const kept = new Set(accepted.map(({ row }) => row))
    const scored = selection.taken.filter(({ row }) => !kept.has(row)).map(({ evidence }) => evidence)
    return {
      entry,
      wanted: options.wanted,
      images: selection.taken.map((one, rank) => imageOf(one, entry.name, rank, kept.has(one.row))),
      ...(said && { presence: presenceOf(said, candidates, least, deeper) }),
      ...(level && said?.present && scored.length > 0 && { estimatedPrecision: estimate(level, said, candidates, scored) }),
      dropped: selection.dropped,
    }
  }
}

function presenceOf(said: Judgement, candidates: readonly Found[], least: number, deeper: boolean): Presence {
  const above = candidates.filter(({ evidence }) => evidence >= least).length
  return { ...said, above, ...(deeper && { atLeast: true }) }
}

/** Of the first rows; without standing where the archive's cosines do not tell (`ranked`). */
function looksOf(candidates: readonly Found[], ranked: boolean): Looks {
  const best = candidates.slice(0, firstRows)
  return { rivals: best.map(({ kinds }) => kinds.rivals), standing: ranked ? best.map(({ kinds }) => kinds.standing) : [] }
}

const leastOf = (level: Level, { by }: Judgement, candidates: readonly Found[]) =>
  imageLevel(level, by, candidates.map(({ evidence }) => evidence)) // biome-ignore format: a line

function estimate(level: Level, { by }: Judgement, candidates: readonly Found[], taken: readonly number[]): number {
  const least = Math.min(...taken)
  return estimatedPrecision(level, by, least, candidates.filter(({ evidence }) => evidence >= least).length)
}

/** Whether any candidate among the last quarter is above the level: if not, deeper rows are not worth a look. */
function goodInTail(candidates: readonly Found[], least: number): boolean {
  return candidates.slice(Math.floor(candidates.length * 0.75)).some(({ evidence }) => evidence >= least)
}

function imageOf({ facts, score, margin }: Found, name: string, rank: number, accepted: boolean): CuratedImage {
  const { vector: _, ...row } = facts
  return { ...row, class: name, rank, score, ...(Number.isFinite(margin) && { margin }), ...(accepted && { accepted }) }
}

async function fitLevel(
  source: CurateSource,
  clip: CurateClip,
  entries: readonly ClassEntry[],
  vectors: Float32Array,
  templates: Templates | undefined,
  falseAlarms: number,
  signal: AbortSignal | undefined,
): Promise<NullLevel> {
  const all = templateList(templates ?? clip.templates)
  const few = fewTemplates(all)
  const names = few === all ? vectors : await clip.vectors(entries, few, signal)
  const bank = await clip.vectors(clip.readable(bankOf(entries)), few, signal)
  const nulls = await clip.vectors(nullNames(await clip.words(), entries), few, signal)
  return NullLevel.fit(source, { names, bank, nulls }, falseAlarms, signal)
}

/** Vectors of the classes' own negatives, by class. */
async function negativesOf(entries: readonly ClassEntry[], clip: CurateClip, templates: Templates | undefined, signal?: AbortSignal) {
  const found = new Map<number, Float32Array>()
  for (const [i, { negatives }] of entries.entries()) {
    if (negatives.length === 0) continue
    const texts = negatives.map((name) => ({ name, synonyms: [], prompts: undefined }))
    found.set(i, await clip.vectors(texts, templates, signal))
  }
  return found
}

async function excludedIds(given: CurateOptions['exclude']): Promise<Set<string>> {
  const ids = new Set<string>()
  if (given === undefined) return ids
  for (const one of given instanceof CuratedSet ? [given] : given) {
    if (one instanceof CuratedSet) for (const { id } of one.images()) ids.add(id)
    else if (typeof one === 'string') ids.add(one)
    else throw invalidArgument('curate: exclude', 'ids or curated sets', one)
  }
  return ids
}

/** What run.json can hold. */
function plainSettings(options: Partial<CurateOptions>): Record<string, unknown> {
  const { exclude: _, decisions: __, groupBy, ...rest } = options
  return { ...rest, ...(groupBy !== undefined && { groupBy: typeof groupBy === 'function' ? 'a function' : groupBy }) }
}
