import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { WordmaskError } from '../errors'
import { withLock } from '../setup/lock'
import { makeFolder } from '../setup/make-folder'
import { withRetries } from './http'
import { again, type Connection } from './repository'
import { inFile, sizeOf, transfer } from './transfer'

/** One file to fetch. */
export interface Item {
  name: string
  url: string
  /** Where it ends up, and where it lies until it is whole. */
  file: string
  incomplete: string
  facts: { size: number | undefined; digest: string | undefined }
}

type Link = Omit<Connection, 'repo' | 'revision'>

/** What is there and what must come. */
export async function planItems(
  all: Item[],
): Promise<{ files: { name: string; size: number | undefined; cached: boolean }[]; bytes: number }> {
  const files = await Promise.all(all.map(async ({ name, file, facts }) => ({ name, size: facts.size, cached: (await sizeOf(file)) > 0 })))
  return { files, bytes: files.reduce((sum, { cached, size }) => sum + (cached ? 0 : (size ?? 0)), 0) }
}

/** @throws ERR_WORDMASK_IO when the disk is too small, before anything is fetched */
export async function requireSpace(id: string, folder: string, bytes: number): Promise<void> {
  await inFile(folder, () => makeFolder(folder))
  const disk = await statfs(folder).catch(() => undefined)
  const free = disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY
  if (bytes <= free) return
  const mib = (value: number) => `${Math.ceil(value / 2 ** 20)} MiB`
  const words = `${id} needs ${mib(bytes)} but ${folder} has ${mib(free)} free. Set HF_HUB_CACHE to a folder on another disk. ${again(id)}`
  throw new WordmaskError('ERR_WORDMASK_IO', words)
}

/** Fetches what is not there yet, one after another. */
export async function fetchAll(all: Item[], at: Link, onProgress?: (done: number, total: number, file: string) => void): Promise<void> {
  const missing: Item[] = []
  for (const one of all) if ((await sizeOf(one.file)) === 0) missing.push(one)
  const total = missing.reduce((sum, { facts }) => sum + (facts.size ?? 0), 0)
  let before = 0
  for (const one of missing) {
    await fetchOne(one, at, (done) => onProgress?.(before + done, total, one.name))
    before += await sizeOf(one.file)
  }
}

/** Two processes that want the same file: the second waits, then finds it. */
export async function fetchOne(one: Item, at: Link, onBytes: (done: number, total: number | undefined) => void): Promise<void> {
  const advice = again(at.id)
  const { token } = at.settings
  const work = async () => {
    const named = one.facts.digest !== undefined && one.file.endsWith(one.facts.digest)
    if (named && (await sizeOf(one.file)) > 0) return
    await withRetries(one.url, { ...at, advice }, () =>
      transfer({ ...one, ...one.facts, token, signal: at.signal, stallTimeout: at.stallTimeout, onBytes, advice }),
    )
  }
  await inFile(one.file, () => makeFolder(dirname(one.file)))
  await inFile(one.file, () => withLock(`${one.file}.lock`, { log: at.log, what: 'download', signal: at.signal }, work))
}
