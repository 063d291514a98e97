import { existsSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WordmaskError } from '../errors'
import { writeAtomic } from '../run/atomic'
import { makeFolder } from '../setup/make-folder'

/** State of the sidecar: written last, so that what it says is there. */
interface SidecarState {
  format: 'wordmask-vectors'
  version: 1
  /** Id of the archive. */
  archive: string
  generation: number
  rows: number
  dim: number
}

/**
 * The vectors of an archive as one file of half-precision rows, and beside it the content hash of each, so that it can be seen
 * which row of the table is where. Derived: it may be deleted at any time. Rows are only appended; when too many of them are
 * gone from the table, a new generation is written.
 *
 *     sidecar.json   vectors-<generation>.f16 [rows, dim]   rows-<generation>.i64 [rows]
 */
export class Sidecar {
  private constructor(
    private readonly folder: string,
    private state: SidecarState,
  ) {}

  get rows(): number {
    return this.state.rows
  }

  get vectorsFile(): string {
    return join(this.folder, `vectors-${this.state.generation}.f16`)
  }

  private get hashesFile(): string {
    return join(this.folder, `rows-${this.state.generation}.i64`)
  }

  /** What is there, or an empty one where nothing is, or where it is torn or another archive's. */
  static async open(folder: string, archive: string, dim: number): Promise<Sidecar> {
    const empty = (generation: number) => new Sidecar(folder, { format: 'wordmask-vectors', version: 1, archive, generation, rows: 0, dim })
    const text = await readFile(join(folder, 'sidecar.json'), 'utf8').catch(() => undefined)
    if (text === undefined) return empty(await nextGeneration(folder))
    const state = parse(text)
    if (!state || state.archive !== archive || state.dim !== dim) return empty(await nextGeneration(folder))
    const found = new Sidecar(folder, state)
    const whole = (await sizeOf(found.vectorsFile)) >= state.rows * dim * 2 && (await sizeOf(found.hashesFile)) >= state.rows * 8
    return whole ? found : empty(await nextGeneration(folder))
  }

  /** An empty one in a new generation; the old one goes when `save` replaces it. */
  async renew(): Promise<Sidecar> {
    return new Sidecar(this.folder, { ...this.state, generation: await nextGeneration(this.folder), rows: 0 })
  }

  async hashes(): Promise<BigInt64Array> {
    const hashes = new BigInt64Array(this.rows)
    if (this.rows === 0) return hashes
    const handle = await open(this.hashesFile)
    try {
      const bytes = Buffer.from(hashes.buffer)
      let done = 0
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(1 << 22, bytes.length - done), done)
        if (bytesRead === 0) throw new WordmaskError('ERR_WORDMASK_IO', `${this.hashesFile} ends early; run the same command again`)
        done += bytesRead
      }
      return hashes
    } finally {
      await handle.close()
    }
  }

  /** Whether these positions hold these vectors, bit for bit. */
  async holds(wanted: readonly { position: number; vector: Uint16Array | undefined }[]): Promise<boolean> {
    const handle = await open(this.vectorsFile)
    try {
      const bytes = this.state.dim * 2
      const found = Buffer.alloc(bytes)
      for (const { position, vector } of wanted) {
        if (!vector) return false
        await handle.read(found, 0, bytes, position * bytes)
        if (!found.equals(Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength))) return false
      }
      return true
    } finally {
      await handle.close()
    }
  }

  /** Appends rows, then says so: whatever comes between, the state before holds. @returns the sidecar with them */
  async append(rows: AsyncIterable<{ vectors: Uint16Array; hashes: BigInt64Array }>): Promise<Sidecar> {
    const { dim } = this.state
    try {
      await makeFolder(this.folder)
      const [vectors, hashes] = [await openToWrite(this.vectorsFile), await openToWrite(this.hashesFile)]
      let count = this.rows
      try {
        for await (const part of rows) {
          await writeAll(vectors, part.vectors, count * dim * 2)
          await writeAll(hashes, part.hashes, count * 8)
          count += part.hashes.length
        }
        await Promise.all([vectors.datasync(), hashes.datasync()])
      } finally {
        await Promise.all([vectors.close(), hashes.close()])
      }
      const next = new Sidecar(this.folder, { ...this.state, rows: count })
      await writeAtomic(join(this.folder, 'sidecar.json'), `${JSON.stringify(next.state)}\n`, { sync: true })
      await next.removeOthers()
      return next
    } catch (cause) {
      if (cause instanceof WordmaskError) throw cause
      const { message } = cause as Error
      throw new WordmaskError(
        'ERR_WORDMASK_IO',
        `The vectors to search cannot be written to ${this.folder} (${message}). Make room there, or choose another cache.`,
        { cause },
      )
    }
  }

  /** Files of other generations; who has mapped one goes on with it. */
  private async removeOthers(): Promise<void> {
    const own = new Set([this.vectorsFile, this.hashesFile])
    for (const name of await readdir(this.folder)) {
      const file = join(this.folder, name)
      if (generationOf(name) !== undefined && !own.has(file)) await rm(file, { force: true })
    }
  }
}

function parse(text: string): SidecarState | undefined {
  try {
    const state = JSON.parse(text) as SidecarState
    return state.format === 'wordmask-vectors' && state.version === 1 && Number.isSafeInteger(state.rows) ? state : undefined
  } catch {
    return undefined
  }
}

const generationOf = (name: string): number | undefined => {
  const found = /^(?:vectors-(\d+)\.f16|rows-(\d+)\.i64)$/.exec(name)
  return found ? Number(found[1] ?? found[2]) : undefined
}

async function nextGeneration(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [] as string[])
  return 1 + Math.max(0, ...names.map((name) => generationOf(name) ?? 0))
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => ({ size: -1 }))).size

const openToWrite = (file: string): Promise<FileHandle> => open(file, existsSync(file) ? 'r+' : 'w+')

async function writeAll(handle: FileHandle, data: Uint16Array | BigInt64Array, at: number): Promise<void> {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
