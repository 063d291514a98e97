import { HiddenRows } from './hidden'
import type { OpenArchive } from './open'
import { Snapshot } from './snapshot'

/** The newest snapshot of an archive, shared by the searches that begin while it is the newest. */
export class Snapshots {
  private current: Promise<Snapshot> | undefined
  private version = ''

  constructor(private readonly parts: OpenArchive) {}

  /** Another where rows were added, changed, hidden or removed; also where they were merely stored anew. */
  async fingerprint(): Promise<string> {
    const { place, tables, identity } = this.parts
    const hidden = await HiddenRows.read({ place, tables, dim: identity.model.dim })
    return `${identity.id} ${(await tables.latest()).version} ${hidden.version}`
  }

  /** Runs over the newest version; where its vectors' file was damaged meanwhile, once more over a new one. */
  async during<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    try {
      return await this.once(work)
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_WORDMASK_VECTORS') throw error
      await this.close()
      return this.once(work)
    }
  }

  private async once<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const { place, tables, identity, options } = this.parts
    const hidden = await HiddenRows.read({ place, tables, dim: identity.model.dim })
    const version = `${(await tables.latest()).version} ${hidden.version}`
    if (version !== this.version || !this.current) {
      const old = this.current
      const next = Snapshot.open(place, tables, { archive: identity.id, dim: identity.model.dim, onNotice: options.onNotice }, hidden)
      this.current = next
      this.version = version
      next.catch(() => {
        if (this.current === next) this.current = undefined
      })
      void old?.then((open) => open.lifetime.dispose()).catch(() => {})
    }
    const snapshot = await (this.current as Promise<Snapshot>)
    return snapshot.lifetime.during(() => work(snapshot))
  }

  /** Waits for searches that have begun. */
  async close(): Promise<void> {
    const { current } = this
    this.current = undefined
    await current?.then((open) => open.lifetime.dispose()).catch(() => {})
  }
}
