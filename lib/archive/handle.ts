import type { Clip } from '../clip/clip'
import { madeElsewhere, WordmaskError } from '../errors'
import { Lifetime } from '../lifetime'
import type { Target } from './commit'
import { type ArchiveModel, checkHashes } from './identity'
import { OpenArchive } from './open'
import { needsClip } from './query'
import { Snapshots } from './snapshots'
import { ArchiveWriter } from './writer'

/** An open archive: what all of its calls share, and how it is closed. */
export class ArchiveHandle {
  /** @internal Whoever works with the archive keeps it open meanwhile. */
  readonly lifetime = new Lifetime('archive', () => {})
  /** @internal */
  protected readonly snapshots: Snapshots
  private readonly writer: ArchiveWriter | undefined
  private adding: Promise<unknown> = Promise.resolve()

  /** @internal */
  protected constructor(
    /** @internal */
    readonly parts: OpenArchive,
  ) {
    if (!(parts instanceof OpenArchive)) throw madeElsewhere('Archive', 'Archive.open()')
    const { identity, options } = parts
    this.snapshots = new Snapshots(parts)
    if (!options.readOnly) this.writer = new ArchiveWriter(this.target, identity.model.weights, options)
  }

  /** Where it lies: an absolute path or a URI. */
  get uri(): string {
    return this.parts.place.uri
  }

  /** The model that its vectors come from. */
  get model(): ArchiveModel {
    return this.parts.identity.model
  }

  /** Refuses later calls, waits for those that have begun, commits what waits in the journal. @throws ERR_WORDMASK_IO; nothing is lost */
  async close(): Promise<void> {
    await this.lifetime.dispose()
    try {
      await this.adding.catch(() => {})
      await this.writer?.end()
    } finally {
      await this.snapshots.close()
      this.parts.tables.close()
    }
  }

  /** As close(), without waiting; what cannot be committed waits in the journal for the next who opens the archive. */
  dispose(): void {
    void this.close().catch(() => {})
  }

  /** As close(). */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal */
  get target(): Target {
    const { place, tables, identity } = this.parts
    return { place, tables, dim: identity.model.dim }
  }

  /** Calls that add run one after the other. @internal */
  protected async inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.lifetime.during(() => {
      const turn = this.adding.catch(() => {}).then(work)
      this.adding = turn
      turn.catch(() => {})
      return turn
    })
  }

  /** @internal @throws ERR_WORDMASK_READ_ONLY */
  protected writing(): ArchiveWriter {
    this.lifetime.check()
    if (!this.writer)
      throw new WordmaskError('ERR_WORDMASK_READ_ONLY', `${this.uri} was opened with readOnly. Open it without to change it.`)
    return this.writer
  }

  /** @internal As writing(), for new rows. @throws ERR_WORDMASK_ARCHIVE where those that are there have hashes of another rule */
  protected appending(): ArchiveWriter {
    const writer = this.writing()
    checkHashes(this.parts.identity, this.parts.place)
    return writer
  }

  /** @internal */
  protected clip(): Clip {
    const { clip } = this.parts.options
    if (!clip) throw needsClip(this.uri, this.model.load)
    return clip
  }
}
