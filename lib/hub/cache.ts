import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, readlink, rename, rm, symlink, unlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { writeAtomic } from '../run/atomic'
import { makeFolder } from '../setup/make-folder'

/**
 * One repository in huggingface_hub's cache: models--org--name/{blobs,refs,snapshots}. A snapshot holds links to blobs, whose
 * names are the server's etags (sha256 of large files, git's sha1 of small ones).
 */
export class RepositoryCache {
  readonly folder: string

  constructor(cache: string, repo: string) {
    this.folder = join(cache, `models--${repo.replaceAll('/', '--')}`)
  }

  blob(etag: string): string {
    return join(this.folder, 'blobs', etag)
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  /** Commit of a branch or tag as of the last pull, or the commit itself; undefined where nothing was pulled. */
  async commit(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return existsSync(this.snapshot(revision)) ? revision : undefined
    const text = await readFile(join(this.folder, 'refs', revision), 'utf8').catch(() => undefined)
    return text?.trim() || undefined
  }

  async setRef(revision: string, commit: string): Promise<void> {
    if (!isCommit(revision)) await writeAtomic(join(this.folder, 'refs', revision), commit)
  }

  /** Names of the files of a snapshot, relative to it, whose blobs are there. */
  async files(commit: string): Promise<string[]> {
    const folder = this.snapshot(commit)
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .filter((file) => existsSync(join(folder, file)))
      .sort()
  }

  /** Makes snapshots/<commit>/<file> point to a blob; a link that is there already is left alone. */
  async link(commit: string, file: string, etag: string): Promise<void> {
    const path = join(this.snapshot(commit), file)
    const target = relative(dirname(path), this.blob(etag))
    if ((await readlink(path).catch(() => undefined)) === target) return
    await makeFolder(dirname(path))
    const beside = `${path}.${randomBytes(4).toString('hex')}.partial`
    await symlink(target, beside)
    await rename(beside, path).catch(async (error) => {
      await unlink(beside)
      throw error
    })
  }

  async discard(etag: string): Promise<void> {
    await rm(this.blob(etag), { force: true })
  }
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}
