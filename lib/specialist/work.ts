import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { writeAtomic } from '../run/atomic'
import { makeFolder } from '../setup/make-folder'

/**
 * What the parts of the work leave in <into>/work: folders and files named after everything that they follow from, so that the same call
 * goes on with what is there, and what is stale is made anew. Nothing has its name before it is whole.
 */
export class Work {
  readonly folder: string

  constructor(readonly into: string) {
    this.folder = path.join(into, 'work')
  }

  path(...parts: string[]): string {
    return path.join(this.folder, ...parts)
  }

  /** A folder that is there, or is made by `fill`; others of the name, which are stale, are removed. */
  async folderOf(name: string, key: string, fill: (folder: string) => Promise<void>): Promise<string> {
    const folder = this.path(`${name}-${key}`)
    await this.removeStale(name, key)
    if ((await readdir(folder).catch(() => undefined)) !== undefined) return folder
    const beside = `${folder}.partial`
    await rm(beside, { recursive: true, force: true })
    await makeFolder(beside).catch(cannotWrite(beside))
    await fill(beside)
    await rename(beside, folder).catch(cannotWrite(folder))
    return folder
  }

  /** A folder whose files come one by one, each whole. */
  async growing(name: string, key: string): Promise<string> {
    const folder = this.path(`${name}-${key}`)
    await this.removeStale(name, key)
    await makeFolder(folder).catch(cannotWrite(folder))
    return folder
  }

  /** A value that JSON can hold. */
  async value<T>(name: string, key: string, make: () => Promise<T>): Promise<T> {
    const file = this.path(`${name}-${key}.json`)
    await this.removeStale(name, key)
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text !== undefined) return JSON.parse(text) as T
    const value = await make()
    await writeAtomic(file, `${JSON.stringify(value)}\n`)
    return value
  }

  /** The same, though it is there. */
  async anew<T>(name: string, key: string, make: () => Promise<T>): Promise<T> {
    await rm(this.path(`${name}-${key}.json`), { force: true })
    return this.value(name, key, make)
  }

  private async removeStale(name: string, key: string): Promise<void> {
    const own = new RegExp(`^${name}-[0-9a-f]{12}(\\.|$)`)
    for (const entry of await readdir(this.folder).catch(() => []))
      if (own.test(entry) && !entry.startsWith(`${name}-${key}`)) await rm(this.path(entry), { recursive: true, force: true })
  }
}

/** 12 hex digits of whatever JSON can hold. */
export const keyOf = (...parts: unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)

function cannotWrite(file: string) {
  return (cause: Error): never => {
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot write ${file}: ${cause.message}`, { cause })
  }
}
