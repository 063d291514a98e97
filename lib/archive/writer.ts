import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { binding } from '../binding'
import { commitSegment, type Target } from './commit'
import type { CommitOptions, Known } from './contract'
import { syncFolders } from './durable'
import { claimWriter, JournalSegment, listSegments, segmentName, writerName } from './journal'
import { withFileLock } from './lock'
import { optimizeWherePays } from './maintain'
import { commitLock, journalFolder } from './place'
import { type ArchiveRecord, recordsVersion } from './records'

interface Closed {
  file: string
  ids: Map<string, Known>
}

/**
 * One writer of an archive: rows go to its journal at once and from there to the tables in large commits, one at a time, while
 * the next segment fills. What fails to be committed stays in the journal for the next try.
 */
export class ArchiveWriter {
  private readonly name = writerName()
  private readonly release = claimWriter(this.name)
  private segment: JournalSegment | undefined
  private ids = new Map<string, Known>()
  private number = 0
  private since = 0
  private synced = 0
  private readonly closed: Closed[] = []
  private committing: Promise<void> | undefined
  private failure: unknown

  constructor(
    private readonly target: Target,
    private readonly model: string,
    private readonly options: CommitOptions,
  ) {}

  /** Uncommitted, as far as this writer knows. */
  known(id: string): Known | undefined {
    return this.ids.get(id) ?? this.closed.findLast(({ ids }) => ids.has(id))?.ids.get(id)
  }

  /** Returns when the rows are in the journal. @throws ERR_WORDMASK_IO, also what the commit in the background failed with */
  async append(records: readonly ArchiveRecord[]): Promise<void> {
    this.throwFailure()
    if (records.length === 0) return
    const { commitRows = 50_000, commitSeconds = 300, syncSeconds = 5 } = this.options
    this.segment ??= await this.begin()
    await this.segment.append(records)
    for (const record of records) {
      if ('row' in record) this.ids.set(record.row.id, { sha256: record.row.sha256, version: record.row.version })
      else this.ids.set(record.reject.id, { version: record.reject.version })
    }
    const now = performance.now()
    if (this.ids.size >= commitRows || now - this.since >= commitSeconds * 1000) return this.rotate()
    if (now - this.synced >= syncSeconds * 1000) {
      await this.segment.sync()
      this.synced = performance.now()
    }
  }

  /** Commits everything that waits. @throws ERR_WORDMASK_IO; nothing is lost then */
  async flush(): Promise<void> {
    await this.committing?.catch(() => {})
    this.failure = undefined
    await this.close()
    await this.commitClosed()
  }

  /** Leaves what cannot be committed to the next one who opens the archive. */
  async end(): Promise<void> {
    try {
      await this.flush()
    } finally {
      this.release()
    }
  }

  private async begin(): Promise<JournalSegment> {
    const { place, dim } = this.target
    const header = { format: 'wordmask-rows', version: recordsVersion, dim, model: this.model } as const
    this.since = performance.now()
    this.synced = this.since
    return JournalSegment.create(journalFolder(place), segmentName(this.name, this.number++), header)
  }

  private async rotate(): Promise<void> {
    await this.committing
    await this.close()
    // Ids are looked up all the time: they need their index from early on.
    this.committing = this.commitClosed().then(() => optimizeWherePays(this.target))
    this.committing.catch((error) => {
      this.failure = error
    })
  }

  private async close(): Promise<void> {
    const { segment } = this
    if (!segment) return
    await segment.sync()
    await segment.close()
    this.closed.push({ file: segment.file, ids: this.ids })
    this.segment = undefined
    this.ids = new Map()
  }

  private async commitClosed(): Promise<void> {
    for (let next = this.closed[0]; next; next = this.closed[0]) {
      await commitFile(this.target, next.file)
      this.closed.shift()
      await binding().returnFreeMemory({})
    }
  }

  private throwFailure(): void {
    const { failure } = this
    this.failure = undefined
    if (failure !== undefined) throw failure
  }
}

/** Commits a segment under the archive's lock, then removes it. */
async function commitFile(target: Target, file: string): Promise<void> {
  await withFileLock(commitLock(target.place), undefined, async () => {
    // Another process may have taken it over meanwhile.
    if (!existsSync(file)) return
    const since = Date.now()
    await commitSegment(target, file)
    const { uri, remote } = target.place
    if (!remote) await syncFolders([join(uri, 'images.lance'), join(uri, 'rejects.lance')], since)
    await rm(file, { force: true })
  })
}

/** Commits what writers that have ended left behind. @returns whether there was anything */
export async function commitLeft(target: Target): Promise<boolean> {
  const left = (await listSegments(journalFolder(target.place))).filter((segment) => segment.left)
  if (left.length === 0) return false
  for (const { file } of left) await commitFile(target, file)
  return true
}
