import { setImmediate } from 'node:timers/promises'
import type { Archive } from '../archive/archive'
import { contentOf } from '../archive/content'
import type { ArchiveRow } from '../archive/types'
import { bankOf, fewTemplates } from '../curate/bank'
import { clipTexts } from '../curate/clip-texts'
import { dot } from '../curate/near'
import { Rivals } from '../curate/rivals'
import { invalidArgument } from '../errors'
import type { ClassSpec } from '../text/classes'
import { parseClasses } from '../text/classes'
import { templateList } from '../text/prompts'
import { type GroupOf, isGroup } from './groups'
import { Best, Lowest, Reservoir, type Scanned } from './kept'

export interface ScanRequest {
  /** Names, then those they are compared with. */
  specs: readonly ClassSpec[]
  /** The first so many are those that are looked for. */
  names: number
  groupOf: GroupOf
  /** Told in an error: whether anything has a group at all. */
  grouped: boolean
  /** Rows that are known to show a name, or were rejected: they and others of the same content are in none of the lists. */
  leftOut: ReadonlySet<string>
  /** Further images of a name, at most. */
  fitting: number
  /** So many of those left that are most like each name may show it: neither with the name nor without. */
  doubtful: readonly number[]
  /** Images without the names, at most: those most like each name, and any. */
  hard: number
  random: number
  seed: number
  /** Once it is known what fits: the groups whose images least like any name are wanted. */
  places: (fitting: readonly (readonly Scanned[])[]) => Iterable<string>
  /** Of so many groups these are kept on the way; of more the archive is gone through once again. Default 4096. */
  groupsAtOnce?: number
}

export interface ScanResult {
  /** Of each name the images that it fits better than any other name does, the most alike first. */
  fitting: Scanned[][]
  /** Without the names though most like them, the most alike first. */
  hard: Scanned[]
  /** Without the names, drawn at random; some may be among `hard`. */
  random: Scanned[]
  /** Of each of the `places` the images least like any name, the least first. */
  lowest: Map<string, Scanned[]>
}

const rowsAtOnce = 512
const usualGroupsAtOnce = 4096

/**
 * Goes through the archive once, twice where it has very many groups. Where a name fits an image better than every other name does (its
 * evidence, null-level.ts, is above 0), the image is one of the name. An image is without the names where others fit it better, and it is not
 * one of the `doubtful` most like a name: those are of doubtful presence and left out.
 * Memory: the lists asked for, some images of a few thousand groups, and some hundred rows.
 */
export async function scan(archive: Archive, request: ScanRequest, signal: AbortSignal | undefined): Promise<ScanResult> {
  const { groupOf, leftOut, doubtful, seed, groupsAtOnce = usualGroupsAtOnce } = request
  const judge = await judgeOf(archive, request, signal)
  const hard = doubtful.map((skip) => new Best(skip + request.hard))
  const random = new Reservoir(request.random + doubtful.reduce((a, b) => a + b, 0), seed)
  const fitting = doubtful.map(() => new Best(request.fitting))
  const onTheWay = new Lowest(groupsAtOnce)
  let grouped = false
  const known = new Set<string>()
  for await (const { row, cosines, fits } of judged(archive, judge, signal)) {
    const scanned = { row, group: groupOf(row), score: Math.max(...cosines) }
    grouped ||= isGroup(scanned.group)
    if (leftOut.has(row.id)) known.add(contentOf(row))
    else if (fits !== undefined) fitting[fits]?.offer({ ...scanned, score: cosines[fits] as number })
    else {
      if (isGroup(scanned.group)) onTheWay.offer(scanned)
      for (const [name, score] of cosines.entries()) hard[name]?.offer({ ...scanned, score })
      random.offer(scanned)
    }
  }
  if (request.grouped && !grouped) throw invalidArgument('groupBy', 'a column that some image of the archive has, or a function', 'none')
  const skipped = new Set(
    hard.flatMap((best, name) =>
      best
        .sorted()
        .slice(0, doubtful[name])
        .map(({ row }) => row.id),
    ),
  )
  const fresh = ({ row }: Scanned) => !known.has(contentOf(row))
  const without = (one: Scanned) => !skipped.has(one.row.id) && fresh(one)
  const merged = hard.flatMap((best) =>
    best
      .sorted()
      .filter(without)
      .map((one, rank) => ({ one, rank })),
  )
  const ranked = merged.sort((a, b) => a.rank - b.rank).map(({ one }) => one)
  const distinct = [...new Map(ranked.map((one) => [one.row.id, one])).values()]
  const found = fitting.map((best) => best.sorted().filter(fresh))
  const places = new Set([...request.places(found)].filter(isGroup))
  const lowest = onTheWay.complete || places.size === 0 ? onTheWay : await lowestOf(places, request, judged(archive, judge, signal))
  return {
    fitting: found,
    hard: distinct.slice(0, request.hard),
    random: random.drawn.filter(without).slice(0, request.random),
    lowest: lowest.of(places),
  }
}

async function lowestOf(groups: ReadonlySet<string>, { groupOf, leftOut }: ScanRequest, rows: AsyncIterable<Judged>): Promise<Lowest> {
  const lowest = new Lowest(groups.size)
  for await (const { row, cosines, fits } of rows) {
    const group = groupOf(row)
    if (fits === undefined && groups.has(group) && !leftOut.has(row.id)) lowest.offer({ row, group, score: Math.max(...cosines) })
  }
  return lowest
}

interface Judged {
  row: ArchiveRow
  /** With each name. */
  cosines: number[]
  /** The name that fits best, where it does so better than every other. */
  fits: number | undefined
}

type Judge = (block: readonly { row: ArchiveRow; vector: Float32Array }[]) => Promise<Judged[]>

/** Compares rows with the names and everything else that they may show. */
async function judgeOf(archive: Archive, { specs, names }: ScanRequest, signal: AbortSignal | undefined): Promise<Judge> {
  const clip = clipTexts(archive.parts.options.clip!)
  const entries = parseClasses(specs)
  const full = await clip.vectors(entries, undefined, signal)
  const few = fewTemplates(templateList(clip.templates))
  const bank = await clip.vectors(clip.readable(bankOf(entries)), few, signal)
  const dim = full.length / entries.length
  const rivals = new Rivals(await clip.vectors(entries, few, signal), bank, dim)
  return async (block) => {
    const vectors = new Float32Array(block.length * dim)
    for (const [i, { vector }] of block.entries()) vectors.set(vector, i * dim)
    const evidence = (await rivals.ofClasses(vectors)).slice(0, names)
    return block.map(({ row, vector }, i) => {
      const cosines = Array.from({ length: names }, (_, name) => dot(vector, full.subarray(name * dim, (name + 1) * dim)))
      const best = evidence.reduce((most, of, name) => ((of[i] as number) > (evidence[most]![i] as number) ? name : most), 0)
      return { row, cosines, fits: (evidence[best]![i] as number) > 0 ? best : undefined }
    })
  }
}

const fields = ['id', 'uri', 'key', 'offset', 'length', 'width', 'height', 'bytes', 'sha256', 'phash', 'parent', 'box'] as const

async function* judged(archive: Archive, judge: Judge, signal: AbortSignal | undefined): AsyncGenerator<Judged> {
  let block: { row: ArchiveRow; vector: Float32Array }[] = []
  for await (const { vector, ...row } of archive.rows({
    return: [...fields, 'addedAt', 'metadata', 'vector'],
    ...(signal && { signal }),
  })) {
    block.push({ row, vector: vector as Float32Array })
    if (block.length < rowsAtOnce) continue
    yield* await judge(block)
    block = []
    await setImmediate()
  }
  yield* await judge(block)
}
