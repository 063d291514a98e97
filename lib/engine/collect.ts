import { mapOrdered } from '../image/stream'
import { discard, type Manifest, readManifest, readOutput, removeOutputs } from './manifest'
import { addCounts } from './status'
import type { WorkFolder } from './work-folder'

/** A finished output with its files, whole and checked. */
export interface Finished {
  manifest: Manifest
  files: Record<string, Buffer>
}

/** Takes finished outputs over for good: rows into an archive. Again for the same ones must change nothing. */
export type Collect = (outputs: Finished[]) => Promise<void>

export interface CollectorOptions {
  /** Images of one call of `collect`. Default 50,000. */
  images?: number
  /** A call is due so long after its first output, in ms. Default 300,000. */
  afterMs?: number
}

/** On an object store one read takes tens of milliseconds. */
const readsAtOnce = 16

/**
 * Gathers finished outputs until there are enough of them, hands them over, marks them as committed and takes their files away.
 * What is torn is discarded, so that it is done again.
 */
export class Collector {
  private readonly waiting = new Map<string, Manifest>()
  private readonly committed = new Set<string>()
  private readonly seen = new Set<string>()
  private since = 0
  /** Of the outputs that this collector has seen. */
  readonly sums = { seen: 0, images: 0, rejects: {} as Record<string, number> }

  constructor(
    private readonly folder: WorkFolder,
    private readonly collect: Collect,
    private readonly options: CollectorOptions = {},
  ) {}

  /** Looks at what is done. -> ids that were discarded */
  async look(done: readonly string[]): Promise<string[]> {
    const torn: string[] = []
    if (this.waiting.size === 0) this.since = performance.now()
    const fresh = done.filter((id) => !this.committed.has(id) && !this.waiting.has(id))
    const manifests = mapOrdered(fresh, async (id) => ({ id, manifest: await readManifest(this.folder, id) }), { concurrency: readsAtOnce })
    for await (const { id, manifest } of manifests) {
      if (!manifest) {
        torn.push(id)
        continue
      }
      this.waiting.set(id, manifest)
      if (this.seen.has(id)) continue
      this.seen.add(id)
      this.sums.seen++
      addCounts(this.sums, manifest)
    }
    for (const id of torn) await discard(this.folder, id, undefined)
    return torn
  }

  /** What earlier runs and other coordinators have committed. */
  markCommitted(ids: readonly string[]): void {
    for (const id of ids) {
      this.committed.add(id)
      this.waiting.delete(id)
    }
  }

  isCommitted(id: string): boolean {
    return this.committed.has(id)
  }

  get due(): boolean {
    if (this.waiting.size === 0) return false
    let images = 0
    for (const manifest of this.waiting.values()) images += manifest.images
    return images >= (this.options.images ?? 50_000) || performance.now() - this.since >= (this.options.afterMs ?? 300_000)
  }

  /** Commits what waits, some outputs at a time so that memory stays bounded. -> ids that were discarded as torn */
  async commit(): Promise<string[]> {
    const torn: string[] = []
    // Another coordinator may have committed since the last look: its files are gone for good reason.
    this.markCommitted(await this.folder.names('committed'))
    while (this.waiting.size > 0) {
      const outputs: Finished[] = []
      let images = 0
      for (const [id, manifest] of [...this.waiting]) {
        if (images > 0 && images + manifest.images > (this.options.images ?? 50_000)) break
        const files = await this.files(manifest)
        images += Math.max(1, manifest.images)
        if (files) outputs.push({ manifest, files })
        else {
          await discard(this.folder, id, manifest)
          torn.push(id)
          this.waiting.delete(id)
        }
      }
      await this.collect(outputs)
      for (const { manifest } of outputs) await this.seal(manifest)
    }
    return torn
  }

  private async seal(manifest: Manifest): Promise<void> {
    await this.folder.write('committed', manifest.job, { job: manifest.job, at: new Date().toISOString() })
    await removeOutputs(this.folder, manifest)
    this.markCommitted([manifest.job])
  }

  private async files(manifest: Manifest): Promise<Record<string, Buffer> | undefined> {
    const files: Record<string, Buffer> = {}
    for (const { name } of manifest.files) {
      const data = await readOutput(this.folder, manifest, name)
      if (data === undefined) return undefined
      files[name] = data
    }
    return files
  }
}
