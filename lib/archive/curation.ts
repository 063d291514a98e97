import { binding } from '../binding'
import type { CurateSource } from '../curate/source'
import type { DedupeSource, RowFacts, StarOrder, StarRun } from '../dedupe/source'
import { WordmaskError } from '../errors'
import { throwIfAborted } from '../options'
import { withSignal } from '../task'
import { contentOf } from './content'
import type { RowField } from './contract'
import { hashIn, idsAtOnce } from './known'
import { lance } from './lance'
import { columnsOf, readBatch, usualFields } from './read-rows'
import { takeRows } from './search'
import type { Snapshot } from './snapshot'
import type { ArchiveRow } from './types'

const factFields: readonly RowField[] = ['sha256', 'phash', 'width', 'height', 'box']
const contentFields: readonly RowField[] = ['id', 'sha256', 'box']

/** One version of an archive as curation and deduplication see it. Row numbers are positions in the vectors' file; some may be gone. */
export class SnapshotRows implements CurateSource, DedupeSource {
  constructor(
    private readonly snapshot: Snapshot,
    readonly dim: number,
    readonly hide: DedupeSource['hide'],
  ) {}

  get size(): number {
    return this.snapshot.vectors?.rows ?? 0
  }

  async top(queries: Float32Array, k: number, signal?: AbortSignal) {
    const { vectors } = this.snapshot
    const q = queries.length / this.dim
    if (!vectors || k === 0) return { rows: new Int32Array(0), scores: new Float32Array(0), k: 0 }
    const allow = await this.snapshot.allowed(undefined)
    const search = { k, ...(allow && { allow }) }
    const found = await withSignal(signal, (task) => vectors.search({ data: queries, shape: [q, this.dim] }, search, task))
    return { rows: Int32Array.from(found.indices), scores: found.scores, k: found.k }
  }

  async vectors(rows: readonly number[], signal?: AbortSignal): Promise<Float32Array> {
    const { vectors } = this.snapshot
    if (!vectors || rows.length === 0) return new Float32Array(0)
    return (await withSignal(signal, (task) => vectors.take(Float64Array.from(rows), task))).data
  }

  async rows(rows: readonly number[], signal?: AbortSignal): Promise<ArchiveRow[]> {
    return this.take(rows, usualFields, signal)
  }

  async ids(rows: readonly number[], signal?: AbortSignal): Promise<string[]> {
    return (await this.take(rows, ['id'], signal)).map(({ id }) => id)
  }

  async find(ids: readonly string[], signal?: AbortSignal): Promise<number[]> {
    const { snapshot } = this
    const found = new Map<string, number>()
    for (let from = 0; from < ids.length; from += idsAtOnce) {
      throwIfAborted(signal)
      const part = ids.slice(from, from + idsAtOnce)
      await lance(snapshot.place, async () => {
        for await (const batch of snapshot.table.query().where(hashIn(part)).select(['id']).withRowId()) {
          const addresses = batch.getChild('_rowid')
          for (let i = 0; i < batch.numRows; i++) {
            const address = addresses?.get(i) as bigint
            const row = snapshot.rows.row(Number(address >> 32n), Number(address & 0xffffffffn))
            if (row >= 0 && !snapshot.isHidden(row)) found.set(batch.getChild('id')?.get(i) as string, snapshot.positionOf(row))
          }
        }
      })
    }
    return ids.map((id) => found.get(id) ?? -1)
  }

  async contents(ids: readonly string[], signal?: AbortSignal): Promise<string[]> {
    const { place, table } = this.snapshot
    const wanted = new Set(ids)
    const found: string[] = []
    for (let from = 0; from < ids.length; from += idsAtOnce) {
      throwIfAborted(signal)
      const part = table.query().where(hashIn(ids.slice(from, from + idsAtOnce)))
      await lance(place, async () => {
        for await (const batch of part.select(columnsOf(contentFields)))
          for (const row of readBatch(batch, contentFields)) if (wanted.has(row.id)) found.push(contentOf(row))
      })
    }
    return found
  }

  async *facts(signal?: AbortSignal): AsyncGenerator<RowFacts[]> {
    const { snapshot } = this
    const batches = snapshot.table.query().select(columnsOf(factFields))[Symbol.asyncIterator]()
    for (let row = 0; ; ) {
      throwIfAborted(signal)
      const { value, done } = await lance(snapshot.place, () => batches.next())
      if (done) return
      const block: RowFacts[] = []
      for (const facts of readBatch(value, factFields)) {
        if (!snapshot.isHidden(row)) block.push({ ...facts, row: snapshot.positionOf(row) })
        row++
      }
      yield block
    }
  }

  hammingStars(hashes: BigUint64Array, maxHamming: number, order: StarOrder, { signal, onProgress }: StarRun) {
    return withSignal(signal, (task) =>
      binding().hammingStars(hashes, { ...order, maxHamming }, { ...task, ...(onProgress && { onProgress }) }),
    )
  }

  async cosineStars(threshold: number, order: StarOrder, { signal, onProgress }: StarRun) {
    const { vectors } = this.snapshot
    if (!vectors) return { centres: new Int32Array(0), scores: new Float32Array(0) }
    return withSignal(signal, (task) => vectors.stars({ ...order, threshold }, { ...task, ...(onProgress && { onProgress }) }))
  }

  cosineCost() {
    return binding().VectorFile.starsCost(this.size, this.dim)
  }

  hold(): () => void {
    const { lifetime } = this.snapshot
    let release = () => {}
    const held = lifetime.during(() => new Promise<void>((resolve) => (release = resolve)))
    held.catch(() => {})
    try {
      lifetime.check()
    } catch (cause) {
      throw new WordmaskError('ERR_WORDMASK_BUSY', 'The archive changed since this dedupe: run it again', { cause })
    }
    return release
  }

  private async take(rows: readonly number[], fields: readonly RowField[], signal?: AbortSignal): Promise<ArchiveRow[]> {
    throwIfAborted(signal)
    const numbers = rows.map((position) => this.snapshot.rowAt(position))
    const taken = await takeRows(this.snapshot, [...new Set(numbers)], fields)
    return numbers.map((row) => taken.get(row) as ArchiveRow)
  }
}
