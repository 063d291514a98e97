import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { WordmaskError } from '../errors'
import { type ProcessMark, thisProcess } from '../run/process-mark'
import { makeFolder } from '../setup/make-folder'
import { isHeld } from './owner'
import { type ArchiveRecord, encodeRecord, type RecordsHeader } from './records'

/**
 * One file of the journal: rows that are embedded and not yet committed. A write reaches the system before `append` returns, so
 * that a killed process loses nothing; `sync` waits for the disk, so that a power cut loses what came after it at most.
 */
export class JournalSegment {
  #bytes: number
  #failed = false
  private constructor(
    readonly file: string,
    private readonly handle: FileHandle,
    bytes: number,
  ) {
    this.#bytes = bytes
  }

  /** @throws ERR_WORDMASK_IO */
  static async create(folder: string, name: string, header: RecordsHeader): Promise<JournalSegment> {
    const file = join(folder, name)
    return translated(file, async () => {
      await makeFolder(folder)
      const segment = new JournalSegment(file, await open(file, 'wx'), 0)
      try {
        await segment.write(encodeRecord(header))
      } catch (error) {
        await segment.discard()
        throw error
      }
      return segment
    })
  }

  /** All of them or none: what a full disk cut short is taken off again. @throws ERR_WORDMASK_IO */
  async append(records: readonly ArchiveRecord[]): Promise<void> {
    await translated(this.file, () => this.write(Buffer.concat(records.map(encodeRecord))))
  }

  private async write(data: Buffer): Promise<void> {
    if (this.#failed) await this.cut()
    try {
      let done = 0
      while (done < data.length) {
        const { bytesWritten } = await this.handle.write(data, done, data.length - done, this.#bytes + done)
        done += bytesWritten
      }
    } catch (error) {
      this.#failed = true
      await this.cut().catch(() => {})
      throw error
    }
    this.#bytes += data.length
  }

  private async cut(): Promise<void> {
    await this.handle.truncate(this.#bytes)
    this.#failed = false
  }

  async sync(): Promise<void> {
    await translated(this.file, () => this.handle.datasync())
  }

  async close(): Promise<void> {
    await this.handle.close()
  }

  /** Once its rows are in the table. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => {})
    await rm(this.file, { force: true })
  }
}

async function translated<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof WordmaskError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    const room = code === 'ENOSPC' || code === 'EFBIG' || code === 'EDQUOT'
    const next = room
      ? 'Make room, then run the same command again: it goes on where it stopped.'
      : 'Run the same command again once it can be.'
    throw new WordmaskError('ERR_WORDMASK_IO', `The journal ${file} cannot be written (${message}). ${next}`, { cause })
  }
}

const ending = '.rows'

/** A name that tells whose segment it is. */
export function segmentName(writer: string, number: number): string {
  return `${writer}-${String(number).padStart(6, '0')}${ending}`
}

/** Of one writer of this process; segments of writers that have ended are taken over by the next one. */
export function writerName(): string {
  const { machine, pid, started } = thisProcess()
  return `${machine}-${pid}-${started}-${randomBytes(4).toString('hex')}`
}

const living = new Set<string>()

/** While a writer works, its segments are its own. */
export function claimWriter(writer: string): () => void {
  living.add(writer)
  return () => living.delete(writer)
}

export interface LeftSegment {
  file: string
  /** Its writer has ended. */
  left: boolean
}

/** The segments in a journal's folder, oldest first within a writer. */
export async function listSegments(folder: string): Promise<LeftSegment[]> {
  const names = await readdir(folder).catch(() => [] as string[])
  const segments = names.filter((name) => name.endsWith(ending)).sort()
  return segments.map((name) => {
    const parts = /^([\w.]+)-(\d+)-(\d+)-([0-9a-f]{8})-\d+\.rows$/.exec(name)
    const writer = name.slice(0, name.lastIndexOf('-'))
    const owner: ProcessMark | undefined = parts ? { machine: parts[1]!, pid: Number(parts[2]), started: Number(parts[3]) } : undefined
    return { file: join(folder, name), left: !living.has(writer) && (owner === undefined || !isHeld(owner, join(folder, name), true)) }
  })
}
