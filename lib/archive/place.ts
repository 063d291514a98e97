import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkPath } from '../arguments'
import { cacheFolder } from '../setup/paths'

/** Where an archive's parts lie; nothing else in lib/archive decides it. */
export interface ArchivePlace {
  /** For messages and for what LanceDB connects to: an absolute path or an object-store URI. */
  uri: string
  remote: boolean
  /** archive.json. */
  file: string
  /** Segments of the journal, the lock of commits, the vectors that are searched. On this machine always. */
  local: string
}

export interface PlaceOptions {
  /** Folder for the local part of archives on object stores. Default $XDG_CACHE_HOME/wordmask/archives. */
  cache?: string | undefined
  readOnly?: boolean | undefined
}

/**
 * The archive of a path, a file:// URI or an s3:// URI. A local archive holds everything itself; that of an object store, or a
 * read-only folder, has its local part in the cache, under a hash of its URI.
 */
export function archivePlace(given: string, { cache, readOnly = false }: PlaceOptions = {}): ArchivePlace {
  checkPath('uri', given)
  const remote = /^[a-z][a-z0-9+.-]+:\/\//i.test(given) && !/^file:/i.test(given)
  const uri = remote ? given.replace(/\/+$/, '') : /^file:/i.test(given) ? fileURLToPath(given) : resolve(given)
  const cached = join(cache ?? join(cacheFolder(), 'archives'), createHash('sha256').update(uri).digest('hex').slice(0, 16))
  const local = remote || (readOnly && existsSync(uri) && !isWritable(uri)) ? cached : join(uri, 'local')
  return { uri, remote, file: remote ? `${uri}/archive.json` : join(uri, 'archive.json'), local }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

export const journalFolder = (place: ArchivePlace): string => join(place.local, 'journal')
export const vectorsFolder = (place: ArchivePlace): string => join(place.local, 'vectors')
export const commitLock = (place: ArchivePlace): string => join(place.local, 'commit.lock')
