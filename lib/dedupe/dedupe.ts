import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { checkOptions, runOptions } from '../options'
import { type Assignment, type GroupOptions, groupRows, type Stage, stages } from './groups'
import type { DedupeSource } from './source'
import { readTable } from './table'

export interface DedupeOptions {
  signal?: AbortSignal
  onProgress?: (stage: Stage, done: number, total: number) => void
  /** The same bytes (sha256; of a crop also the same box). Default true. */
  exact?: boolean
  /** Perceptual hashes that differ in at most so many of 64 bits; false: not compared. Default 4. */
  maxHamming?: number | false
  /** Image vectors with at least this cosine; false: not compared. Default 0.96. */
  minCosine?: number | false
  /** Only tell what would be hidden. Default true. */
  dryRun?: boolean
  /** Called before the work begins; what it throws ends the call. */
  onCost?: (cost: DedupeCost) => void
}

/** What a dedupe needs at most: every kept row may be compared with every other. */
export interface DedupeCost {
  rows: number
  /** rows (rows - 1) / 2 */
  pairs: number
  /** Of vectors, if all pairs were compared in full. */
  multiplyAdds: number
  /** Of memory, at most. */
  bytes: number
  text: string
}

const stars = { exact: z.boolean().optional(), maxHamming: z.union([z.literal(false), z.number().int().min(0).max(64)]).optional() }
const cosine = { minCosine: z.union([z.literal(false), z.number().gt(0).max(1)]).optional() }
const dedupeOptions = z.strictObject({
  ...stars,
  ...cosine,
  signal: runOptions.signal,
  onProgress: z.custom<NonNullable<DedupeOptions['onProgress']>>((value) => typeof value === 'function', 'a function').optional(),
  dryRun: z.boolean().optional(),
  onCost: z.custom<NonNullable<DedupeOptions['onCost']>>((value) => typeof value === 'function', 'a function').optional(),
})

/** A duplicate and the row that stands for it. */
export interface DuplicateOf {
  id: string
  kept: string
  how: Stage
  /** Hamming distance, or cosine; 0 for the same bytes. */
  closeness: number
}

export interface Duplicate {
  row: number
  how: Stage
  closeness: number
}

/** What was found, and what was or would be hidden. */
export class DedupeReport {
  constructor(
    readonly rows: number,
    /** Duplicates by stage: what each would hide. */
    readonly counts: Record<Stage, number>,
    readonly cost: DedupeCost,
    readonly settings: Record<string, unknown>,
    private readonly found: Assignment,
    private readonly source: DedupeSource,
  ) {}

  /** Set once rows are hidden: archive.restore(reason) shows them again. */
  reason: string | undefined

  get duplicates(): number {
    return this.counts.exact + this.counts.hash + this.counts.cosine
  }

  /** Stars by row number: the kept image and its duplicates. */
  *groups(): Generator<{ kept: number; duplicates: Duplicate[] }> {
    const members = new Map<number, Duplicate[]>()
    const { keeper, stage, closeness } = this.found
    for (const [row, kept] of keeper.entries()) {
      if (kept < 0 || kept === row) continue
      const one = { row, how: stages[stage[row] as number] as Stage, closeness: closeness[row] as number }
      const same = members.get(kept)
      if (same) same.push(one)
      else members.set(kept, [one])
    }
    for (const [kept, duplicates] of [...members].sort(([a], [b]) => a - b)) yield { kept, duplicates }
  }

  /** Every duplicate with ids, read block by block. */
  async *list(signal?: AbortSignal): AsyncGenerator<DuplicateOf> {
    const release = this.source.hold()
    try {
      yield* this.blocks(signal)
    } finally {
      release()
    }
  }

  private async *blocks(signal: AbortSignal | undefined): AsyncGenerator<DuplicateOf> {
    let block: (Duplicate & { kept: number })[] = []
    for (const { kept, duplicates } of this.groups()) {
      for (const one of duplicates) block.push({ ...one, kept })
      if (block.length < 4096) continue
      yield* this.named(block, signal)
      block = []
    }
    yield* this.named(block, signal)
  }

  /** Hides the duplicates: nothing is removed, and archive.restore(report.reason) undoes it. Safe to call twice. -> rows hidden */
  async hide(signal?: AbortSignal): Promise<number> {
    if (this.reason !== undefined) return 0
    const reason = `dedupe ${new Date().toISOString()} ${randomBytes(4).toString('hex')}`
    const ids = async function* (list: AsyncIterable<DuplicateOf>) {
      for await (const { id } of list) yield id
    }
    const count = await this.source.hide(ids(this.list(signal)), reason)
    this.reason = reason
    return count
  }

  private async *named(block: (Duplicate & { kept: number })[], signal?: AbortSignal): AsyncGenerator<DuplicateOf> {
    const ids = await this.source.ids(
      block.flatMap(({ row, kept }) => [row, kept]),
      signal,
    )
    for (const [i, { how, closeness }] of block.entries())
      yield { id: ids[2 * i] as string, kept: ids[2 * i + 1] as string, how, closeness }
  }
}

/** Archive.dedupe. */
export async function dedupe(source: DedupeSource, given: DedupeOptions = {}): Promise<DedupeReport> {
  const checked = checkOptions('dedupe', dedupeOptions, given)
  const { exact = true, maxHamming = 4, minCosine = 0.96, dryRun = true, signal, onProgress, onCost } = checked
  const settings = { exact, maxHamming, minCosine }
  const options: GroupOptions = {
    exact,
    signal,
    onProgress,
    maxHamming: maxHamming === false ? undefined : maxHamming,
    minCosine: minCosine === false ? undefined : minCosine,
  }
  const cost = dedupeCost(source, options)
  onCost?.(cost)
  const table = await readTable(source, signal)
  const found = await groupRows(source, table, options)
  const counts: Record<Stage, number> = { exact: 0, hash: 0, cosine: 0 }
  for (const [row, kept] of found.keeper.entries()) if (kept >= 0 && kept !== row) counts[stages[found.stage[row] as number] as Stage]++
  const report = new DedupeReport(table.rows, counts, cost, settings, found, source)
  if (!dryRun) await report.hide(signal)
  return report
}

/** Bytes that deduplication itself holds for a row: the table, bitmaps, the assignment; hashes have an index of their own. */
const tableBytes = 33 + 4 + 9
const hashBytes = (maxHamming: number) => 12 * (maxHamming + 1) + 21

export function dedupeCost(source: DedupeSource, { maxHamming, minCosine }: Pick<GroupOptions, 'maxHamming' | 'minCosine'>): DedupeCost {
  const rows = source.size
  const pairs = (rows * (rows - 1)) / 2
  const vectors = minCosine === undefined ? { multiplyAdds: 0, bytes: 0 } : source.cosineCost()
  const hashes = maxHamming === undefined ? 0 : rows * hashBytes(maxHamming)
  const { multiplyAdds } = vectors
  const bytes = rows * tableBytes + Math.max(hashes, vectors.bytes)
  const work = [
    maxHamming !== undefined && `${large(pairs)} pairs of hashes`,
    minCosine !== undefined && `${large(pairs)} pairs of vectors (${large(multiplyAdds)} multiply-adds)`,
  ]
  const most = work.filter(Boolean).join(' and ') || 'a look at every row'
  const text = `${rows} rows: at most ${most}, ${Math.ceil(bytes / 2 ** 20)} MiB of memory; most pairs are decided by far less`
  return { rows, pairs, multiplyAdds, bytes, text }
}

/** 4.5 x 10^11 */
function large(value: number): string {
  if (value < 1e6) return String(value)
  const power = Math.floor(Math.log10(value))
  return `${(value / 10 ** power).toFixed(1)} x 10^${power}`
}
