import type { Table } from '@lancedb/lancedb'
import type { VectorFile } from '../../binding'
import { Lifetime } from '../lifetime'
import type { HiddenRows } from './hidden'
import { filtered, type LanceTables, lance } from './lance'
import { withFileLock } from './lock'
import { type ArchivePlace, vectorsFolder } from './place'
import { addressWords, halvesOf, hashesOf } from './read-rows'
import { RowMap } from './row-map'
import { Sidecar } from './sidecar'
import { openVectors } from './vector-file'

/** A sidecar of which more than this share is gone from the table is written anew. */
const mostGone = 0.2

/**
 * One version of the table with its vectors: what searches run over, whatever is written meanwhile. Positions are those of the vectors' file.
 */
export class Snapshot {
  readonly lifetime: Lifetime
  private constructor(
    readonly version: number,
    readonly place: ArchivePlace,
    readonly table: Table,
    readonly rows: RowMap,
    /** Absent where there is no row. */
    readonly vectors: VectorFile | undefined,
    /** Position of each row; absent where they are the same. */
    private readonly positions: Uint32Array | undefined,
    /** One bit a row; absent where none is hidden. */
    private readonly hidden: Uint8Array | undefined,
  ) {
    this.lifetime = new Lifetime('archive', () => {
      vectors?.dispose()
      table.close()
    })
  }

  /** Brings the sidecar up to the newest version of the table and opens both. */
  static async open(place: ArchivePlace, tables: LanceTables, source: Origin, hidden: HiddenRows): Promise<Snapshot> {
    return withFileLock(`${vectorsFolder(place)}.lock`, undefined, async () => {
      // Asked for within the lock: the sidecar never goes back to an older version.
      const { version } = await tables.latest()
      const table = await tables.pinned(version)
      try {
        const { sidecar, rows, positions, hidden: without } = await lance(place, () => bringUp(place, table, source, hidden))
        const vectors = sidecar.rows > 0 ? await openVectors(sidecar.vectorsFile, sidecar.rows, source.dim) : undefined
        return new Snapshot(version, place, table, rows, vectors, positions, without)
      } catch (error) {
        table.close()
        throw error
      }
    })
  }

  /** Row at a position of the vectors' file, or -1 where it is gone. */
  rowAt(position: number): number {
    const { positions } = this
    if (!positions) return position
    let low = 0
    let high = positions.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = positions[middle] as number
      if (found === position) return middle
      if (found < position) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  positionOf(row: number): number {
    return this.positions ? (this.positions[row] as number) : row
  }

  get hides(): boolean {
    return this.hidden !== undefined
  }

  isHidden(row: number): boolean {
    return this.hidden !== undefined && (((this.hidden[row >> 3] as number) >> (row & 7)) & 1) === 1
  }

  /**
   * One bit a position: rows that a SQL condition holds for. undefined: all there are.
   * @throws ERR_WORDMASK_INVALID_ARGUMENT for a condition that cannot be read
   */
  async allowed(where: string | undefined): Promise<Uint8Array | undefined> {
    if (where === undefined && !this.positions && !this.hidden) return undefined
    const bits = new Uint8Array(Math.ceil((this.vectors?.rows ?? 0) / 8))
    const set = (row: number) => {
      if (this.isHidden(row)) return
      const position = this.positionOf(row)
      bits[position >> 3] = (bits[position >> 3] as number) | (1 << (position & 7))
    }
    if (where === undefined) {
      for (let row = 0; row < this.rows.length; row++) set(row)
      return bits
    }
    await filtered(this.place, where, async () => {
      for await (const batch of this.table.query().where(where).select(['row_hash']).withRowId()) {
        const words = addressWords(batch)
        for (let i = 0; i < batch.numRows; i++) {
          const row = this.rows.row(words[2 * i + 1] as number, words[2 * i] as number)
          if (row >= 0) set(row)
        }
      }
    })
    return bits
  }
}

/** Whose vectors they are. */
interface Origin {
  /** Id of the archive. */
  archive: string
  dim: number
  onNotice: ((notice: string) => void) | undefined
}

interface Brought {
  sidecar: Sidecar
  rows: RowMap
  positions: Uint32Array | undefined
  hidden: Uint8Array | undefined
}

async function bringUp(place: ArchivePlace, table: Table, { archive, dim, onNotice }: Origin, without: HiddenRows): Promise<Brought> {
  const sidecar = await Sidecar.open(vectorsFolder(place), archive, dim)
  const matched = await match(table, sidecar, without)
  const { rows, positions, kept, hidden } = matched
  const gone = sidecar.rows - kept
  const announce = (count: number) => {
    const mib = (count * dim * 2) / 2 ** 20
    if (place.remote)
      onNotice?.(`${count} vectors (${mib.toFixed(1)} MiB) of ${place.uri} are brought to ${vectorsFolder(place)}, for searches`)
  }
  if (gone > mostGone * Math.max(1, rows.length) || !(await agrees(table, sidecar, matched))) {
    announce(rows.length)
    return { sidecar: await (await sidecar.renew()).append(readVectors(table, 0)), rows, positions: undefined, hidden }
  }
  if (rows.length > kept) announce(rows.length - kept)
  const next = rows.length > kept ? await sidecar.append(readVectors(table, kept)) : sidecar
  return { sidecar: next, rows, positions: gone === 0 ? undefined : positions, hidden }
}

interface Matched {
  rows: RowMap
  positions: Uint32Array
  /** The first so many rows are in the sidecar, the others are new. */
  kept: number
  hidden: Uint8Array | undefined
}

/** Both hold the rows in the order they were added in; a row of the sidecar that the table lacks is gone. */
async function match(table: Table, sidecar: Sidecar, without: HiddenRows): Promise<Matched> {
  const hidden = without.none ? undefined : new Uint8Array(Math.ceil((await table.countRows()) / 8))
  const hashes = await sidecar.hashes()
  let positions = new Uint32Array(Math.max(16, hashes.length * 2))
  let row = 0
  let kept = 0
  let at = 0
  const rows = await RowMap.read(table, (found) => {
    for (const hash of found) {
      while (at < hashes.length && hashes[at] !== hash) at++
      if (row >= positions.length) {
        const longer = new Uint32Array(positions.length * 2)
        longer.set(positions)
        positions = longer
      }
      if (at < hashes.length) {
        positions[row] = at++
        kept = row + 1
      } else positions[row] = hashes.length + row - kept
      if (hidden && without.has(hash)) hidden[row >> 3] = (hidden[row >> 3] as number) | (1 << (row & 7))
      row++
    }
  })
  return { rows, positions: positions.subarray(0, row), kept, hidden }
}

/** Looks at some rows of the sidecar: another's bytes under the right name would else go unnoticed. */
async function agrees(table: Table, sidecar: Sidecar, { rows, positions, kept }: Matched): Promise<boolean> {
  const samples = Math.min(kept, 32)
  if (samples === 0) return true
  const chosen = Array.from({ length: samples }, (_, i) => Math.floor((i * (kept - 1)) / Math.max(1, samples - 1)))
  const addresses = chosen.map((row) => rows.address(row))
  const stored = new Map<bigint, Uint16Array>()
  for await (const batch of table.takeRowIds(addresses).select(['vector']).withRowId()) {
    const { values, dim } = halvesOf(batch.getChild('vector')!)
    for (let i = 0; i < batch.numRows; i++) stored.set(batch.getChild('_rowid')?.get(i) as bigint, values.slice(i * dim, (i + 1) * dim))
  }
  return sidecar.holds(chosen.map((row, i) => ({ position: positions[row] as number, vector: stored.get(addresses[i] as bigint) })))
}

async function* readVectors(table: Table, from: number): AsyncGenerator<{ vectors: Uint16Array; hashes: BigInt64Array }> {
  for await (const batch of table.query().select(['row_hash', 'vector']).offset(from)) {
    yield { vectors: halvesOf(batch.getChild('vector')!).values, hashes: hashesOf(batch) }
  }
}
