import { setImmediate } from 'node:timers/promises'
import type { Archive } from '../archive/archive'
import type { ArchiveRow } from '../archive/types'
import { bankOf, fewTemplates } from '../curate/bank'
import { clipTexts } from '../curate/clip-texts'
import { dot } from '../curate/near'
import { seeded } from '../curate/random'
import { Rivals } from '../curate/rivals'
import { invalidArgument } from '../errors'
import { contentOf } from '../reco/features'
import type { ClassSpec } from '../text/classes'
import { parseClasses } from '../text/classes'
import { templateList } from '../text/prompts'
import { type GroupOf, isGroup } from './groups'

/** A row of the archive, and how much its best name looks like it. */
export interface Scanned {
  row: ArchiveRow
  group: string
  /** Largest cosine with one of the names. */
  score: number
}

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
}

export interface ScanResult {
  /** Of each name the images that it fits better than any other name does, the most alike first. */
  fitting: Scanned[][]
  /** Without the names though most like them, the most alike first. */
  hard: Scanned[]
  /** Without the names, drawn at random; some may be among `hard`. */
  random: Scanned[]
  /** Of each group of several the images least like any name, the least first. */
  lowest: Map<string, Scanned[]>
}

/** Images of a group that its reference is learnt from. */
const lowestOfGroup = 5
const rowsAtOnce = 512

/**
 * Goes through the archive once. Where a name fits an image better than every other name does (its evidence, null-level.ts, is above 0), the image
 * is one of the name. An image is without the names where others fit it better, and it is not one of the `doubtful` most like a name:
 * those are of doubtful presence and left out.
 * Memory: the lists asked for, and some hundred rows.
 */
export async function scan(archive: Archive, request: ScanRequest, signal: AbortSignal | undefined): Promise<ScanResult> {
  const { specs, names, groupOf, leftOut, doubtful, seed } = request
  const clip = clipTexts(archive.parts.options.clip!)
  const entries = parseClasses(specs)
  const full = await clip.vectors(entries, undefined, signal)
  const few = fewTemplates(templateList(clip.templates))
  const bank = await clip.vectors(clip.readable(bankOf(entries)), few, signal)
  const dim = full.length / entries.length
  const rivals = new Rivals(await clip.vectors(entries, few, signal), bank, dim)
  const hard = doubtful.map((skip) => new Best(skip + request.hard))
  const random = new Reservoir(request.random + doubtful.reduce((a, b) => a + b, 0), seed)
  const fitting = doubtful.map(() => new Best(request.fitting))
  const lowest = new Map<string, Best>()
  let grouped = false
  const known = new Set<string>()
  let block: { row: ArchiveRow; vector: Float32Array }[] = []

  const take = async () => {
    const vectors = new Float32Array(block.length * dim)
    for (const [i, { vector }] of block.entries()) vectors.set(vector, i * dim)
    const evidence = (await rivals.ofClasses(vectors)).slice(0, names)
    for (const [i, { row, vector }] of block.entries()) {
      const cosines = Array.from({ length: names }, (_, name) => dot(vector, full.subarray(name * dim, (name + 1) * dim)))
      const scanned = { row, group: groupOf(row), score: Math.max(...cosines) }
      grouped ||= isGroup(scanned.group)
      if (leftOut.has(row.id)) {
        known.add(contentOf(row))
        continue
      }
      const best = evidence.reduce((most, of, name) => ((of[i] as number) > (evidence[most]![i] as number) ? name : most), 0)
      if ((evidence[best]![i] as number) > 0) {
        fitting[best]?.offer({ ...scanned, score: cosines[best] as number })
        continue
      }
      if (isGroup(scanned.group)) {
        const own = lowest.get(scanned.group) ?? new Best(lowestOfGroup)
        lowest.set(scanned.group, own)
        own.offer({ ...scanned, score: -scanned.score })
      }
      for (const [name, score] of cosines.entries()) hard[name]?.offer({ ...scanned, score })
      random.offer(scanned)
    }
    block = []
    await setImmediate()
  }

  const fields = ['id', 'uri', 'key', 'offset', 'length', 'width', 'height', 'bytes', 'sha256', 'phash', 'parent', 'box'] as const
  for await (const { vector, ...row } of archive.rows({
    return: [...fields, 'addedAt', 'metadata', 'vector'],
    ...(signal && { signal }),
  })) {
    block.push({ row, vector: vector as Float32Array })
    if (block.length === rowsAtOnce) await take()
  }
  await take()
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
  const least = new Map([...lowest].map(([group, best]) => [group, best.sorted().map((one) => ({ ...one, score: -one.score }))]))
  return {
    fitting: fitting.map((best) => best.sorted().filter(fresh)),
    hard: distinct.slice(0, request.hard),
    random: random.drawn.filter(without).slice(0, request.random),
    lowest: least,
  }
}

/** The highest scores of many. */
class Best {
  private held: Scanned[] = []

  constructor(private readonly most: number) {}

  offer(one: Scanned): void {
    this.held.push(one)
    if (this.held.length > 2 * this.most) this.held = this.sorted()
  }

  sorted(): Scanned[] {
    return this.held.sort((a, b) => b.score - a.score || (a.row.id < b.row.id ? -1 : 1)).slice(0, this.most)
  }
}

/** A simple random sample of a stream. */
class Reservoir {
  readonly drawn: Scanned[] = []
  private seen = 0
  private readonly next: () => number

  constructor(
    private readonly most: number,
    seed: number,
  ) {
    this.next = seeded(seed)
  }

  offer(one: Scanned): void {
    const at = Math.floor(this.next() * ++this.seen)
    if (this.drawn.length < this.most) this.drawn.push(one)
    else if (at < this.most) this.drawn[at] = one
  }
}
