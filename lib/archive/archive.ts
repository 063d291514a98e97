import type { CuratedSet } from '../curate/curated-set'
import type { CurateOptions } from '../curate/options'
import type { DedupeOptions, DedupeReport } from '../dedupe/dedupe'
import { invalidArgument } from '../errors'
import { checkOptions } from '../options'
import { openSource, type SourceInput } from '../sources'
import type { ClassSpec } from '../text/classes'
import { addImages, addRecords } from './add'
import { AddRun } from './add-run'
import type { ArchiveStats, IndexOptions, IndexReport, OptimizeOptions } from './contract'
import { curateArchive, dedupeArchive, loadCurated } from './curated'
import { find } from './find'
import { ArchiveHandle } from './handle'
import { hideIds, hideWhere, restore } from './hidden'
import { count, optimize, remove } from './maintain'
import { type OpenArchive, openArchive } from './open'
import * as options from './options'
import type { SearchQuery } from './query'
import { checkFields } from './read-rows'
import type { ArchiveRecord } from './records'
import { readRejects, readRows } from './rows'
import { archiveStats } from './stats'
import type { ArchiveRow, Reject, SearchHit, SourceImage } from './types'
import { createIndex } from './vector-index'
import { commitLeft } from './writer'

/**
 * Images with their vectors in one place: a folder, or a prefix of an object store. Calls may overlap and never block the event loop; a
 * search sees what was committed when it begins. Several processes may read and write one archive: rows of all writers are kept, each id once. Calls reject with ERR_WORDMASK_DISPOSED after close(), ERR_WORDMASK_ABORTED when their signal fires,
 * ERR_WORDMASK_IO when a disk is full or away: nothing is lost, and the same call goes on once it can.
 */
export class Archive extends ArchiveHandle {
  private constructor(parts: OpenArchive) {
    super(parts)
  }

  /**
   * Opens an archive, or makes one where there is none and a `clip` is given. What a process that was stopped had embedded and
   * not committed is committed first, unless `readOnly`.
   * @param uri a folder, or `s3://bucket/prefix`
   * @throws ERR_WORDMASK_FILE_NOT_FOUND where there is none; ERR_WORDMASK_ARCHIVE_MODEL when its vectors come from another model;
   *   ERR_WORDMASK_ARCHIVE for a damaged one or a folder of other files; ERR_WORDMASK_VERSION for a newer format
   */
  static async open(uri: string, given: options.ArchiveOptions = {}): Promise<Archive> {
    const archive = new Archive(await openArchive(uri, given))
    if (!given.readOnly) await commitLeft(archive.target)
    return archive
  }

  /**
   * Embeds images and adds them. Iterate the answer for progress or await it for the last of it; it begins with the first of the two. An
   * image that the archive holds is skipped, without reading it where size and time of its file (ETag of an object) are what they were (a
   * tar is read through, its images are not decoded); one whose content changed replaces its row; what cannot be read becomes a reject and
   * is not tried again unless `retryRejects`. A crop (`box`) is embedded from its upright parent. Rows reach the journal batch by batch, and
   * the table by commits of 50,000 rows or five minutes: a killed process loses nothing that was embedded. Calls run one after the other.
   * @throws ERR_WORDMASK_ARCHIVE where the perceptual hashes that are there are made by another rule
   */
  add(sources: SourceInput | SourceInput[], given: options.AddOptions = {}): AddRun {
    const { captions = true, tiles, boxes, root, onNotice, ...rest } = checkOptions('add', options.addOptions, given)
    const shape = { captions, ...(tiles && { tiles }), ...(boxes && { boxes }), ...(root && { root }), ...(onNotice && { onNotice }) }
    return this.run(rest, (signal, onReject) => openSource(sources, { ...shape, signal, onReject }))
  }

  /** As `add`, for images as openSource and openShard give them. */
  addImages(images: AsyncIterable<SourceImage> | Iterable<SourceImage>, given: options.AddImagesOptions = {}): AddRun {
    return this.run(checkOptions('addImages', options.addImagesOptions, given), () => images)
  }

  /** Adds what embedImages made, here or in another process, and commits it. Doing it twice changes nothing. */
  async addRecords(records: AsyncIterable<ArchiveRecord> | Iterable<ArchiveRecord>, given: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = checkOptions('addRecords', options.signalOnly, given)
    const writer = this.appending()
    await this.inTurn(() => addRecords(this.target, writer, records, signal))
  }

  /**
   * The images most like a text, an image, a vector, or a mixture; of a list of queries all answers in one pass over the vectors.
   * Of the crops of a parent the best stands for it. The first search after rows were added brings the vectors' file up to them.
   * @throws ERR_WORDMASK_INVALID_ARGUMENT for a `where` that cannot be read
   */
  async search(query: SearchQuery, given?: options.SearchOptions): Promise<SearchHit[]>
  async search(queries: readonly SearchQuery[], given?: options.SearchOptions): Promise<SearchHit[][]>
  async search(query: SearchQuery | readonly SearchQuery[], given: options.SearchOptions = {}): Promise<SearchHit[] | SearchHit[][]> {
    const many = Array.isArray(query)
    const queries = many ? (query as readonly SearchQuery[]) : [query as SearchQuery]
    const hits = await this.lifetime.during(() => find(this.parts, this.snapshots, () => this.clip(), queries, given))
    return many ? hits : (hits[0] as SearchHit[])
  }

  /**
   * Makes an approximate index for searches with `exact: false`, and measures it: the recall of 10 and of 100 hits against the
   * exact answer, for texts and for images. The effort of a search is raised until every recall is at least `targetRecall`;
   * where all of it does not reach that, the report says so. Rows added later are found as well; `optimize` indexes them.
   * @throws ERR_WORDMASK_INVALID_ARGUMENT for fewer than 256 rows
   */
  async createIndex(given: IndexOptions = {}): Promise<IndexReport> {
    return this.lifetime.during(async () => {
      this.writing()
      return createIndex(this.parts, this.parts.options.clip, given)
    })
  }

  /**
   * Chooses up to `perClass` images for each class: best first, near-duplicates left out. A class whose best images do not fit it
   * better than every other name gets none (lib/curate/null-level.ts has the rule). Too few, and none, are answers.
   * @throws ERR_WORDMASK_INVALID_ARGUMENT where there are fewer than 5 images, too few to tell: `falseAlarms: false` takes the best
   */
  async curate(classes: readonly (string | ClassSpec)[], given: CurateOptions = {}): Promise<CuratedSet> {
    return this.lifetime.during(() => curateArchive(this.parts, this.snapshots, this.clip(), classes, given))
  }

  /** @internal What it holds, in a word: references that were made of the same are not made again. */
  async fingerprint(): Promise<string> {
    return this.lifetime.during(() => this.snapshots.fingerprint())
  }

  /** A set that save() or `wordmask curate` wrote, with the vectors of this archive: for exports that hold them. */
  async loadCurated(file: string): Promise<CuratedSet> {
    return this.lifetime.during(() => loadCurated(this.parts, this.snapshots, file))
  }

  /**
   * Finds images that are there more than once: the same bytes, near perceptual hashes, near vectors. Of a group the largest image is
   * kept, of equal ones the first, and every other is near to that one. A dry run unless told otherwise; what is hidden,
   * `restore(report.reason)` brings back. Of one version of the archive: rows added later are not compared.
   */
  async dedupe(given: DedupeOptions = {}): Promise<DedupeReport> {
    return this.lifetime.during(() => dedupeArchive(this.parts, this.snapshots, (ids, reason) => this.hide({ ids }, reason), given))
  }

  /** Every row, or those that a SQL condition holds for, in the order they were added in; of one version of the archive. */
  rows(given: options.RowsOptions = {}): AsyncGenerator<ArchiveRow> {
    this.lifetime.check()
    const { return: fields, ...rest } = checkOptions('rows', options.rowsOptions, given)
    return readRows(this.target, checkFields(fields), rest)
  }

  /** What could not be read. */
  rejects(): AsyncGenerator<Reject> {
    this.lifetime.check()
    return readRejects(this.target)
  }

  /** Number of rows, or of those that a SQL condition holds for. */
  async count(where?: string): Promise<number> {
    return this.lifetime.during(() => count(this.target, where))
  }

  /** Sizes, dates, and what waits in the journal. */
  async stats(): Promise<ArchiveStats> {
    return this.lifetime.during(() => archiveStats(this.parts))
  }

  /**
   * Takes rows out of searches, rows() and count() without removing them: those of a SQL condition, or of ids. A row whose content
   * is replaced is no longer hidden. @returns how many were not hidden before
   */
  async hide(what: string | { ids: Iterable<string> | AsyncIterable<string> }, reason = ''): Promise<number> {
    return this.lifetime.during(async () => {
      this.writing()
      return typeof what === 'string' ? hideWhere(this.target, what, reason) : hideIds(this.target, what.ids, reason)
    })
  }

  /** Brings hidden rows back: those hidden for a reason, or all. @returns how many */
  async restore(reason?: string): Promise<number> {
    return this.lifetime.during(async () => {
      this.writing()
      return restore(this.target, reason)
    })
  }

  /** Removes the rows that a SQL condition holds for; an `add` of the same images brings them back. @returns how many */
  async delete(where: string): Promise<number> {
    if (typeof where !== 'string' || where.trim() === '') throw invalidArgument('where', 'a SQL condition', where)
    return this.lifetime.during(async () => {
      this.writing()
      return remove(this.target, where)
    })
  }

  /** Joins small fragments, brings indexes up to date and removes old versions. `add` does it at its end where it pays. */
  async optimize(given: OptimizeOptions = {}): Promise<void> {
    return this.lifetime.during(async () => {
      this.writing()
      await optimize(this.target, given)
    })
  }

  private run(
    given: options.AddImagesOptions,
    images: (signal: AbortSignal, onReject: (reject: Reject) => void) => AsyncIterable<SourceImage> | Iterable<SourceImage>,
  ): AddRun {
    const parts = { target: this.target, writer: this.appending(), clip: this.clip() }
    return new AddRun((report, stop) => {
      const signal = given.signal ? AbortSignal.any([given.signal, stop]) : stop
      return this.inTurn(() => addImages(parts, (onReject) => images(signal, onReject), { ...given, signal }, report))
    })
  }
}
