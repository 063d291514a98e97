import type { Stats } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { WordmaskError } from '../errors'
import { throwIfAborted } from '../options'
import { bytesToUri } from './uri'

export interface WalkOptions {
  /** Files and folders whose name begins with a dot, too. */
  hidden?: boolean
  signal?: AbortSignal
  /** Asked of each folder below the root; what is in it is then left out. */
  leaveOut?: (folder: string) => Promise<boolean>
  /** Takes what is wrong with a folder below the root, whose files are then left out; default: it is thrown. */
  onUnreadable?: (folder: string, error: WordmaskError) => void
}

/** A path one character a byte (see uriToBytes), below the root and whole. */
export interface Walked {
  bytes: string
  relative: string
}

/** Beginning and ending of files that `put` has not finished. */
export const unfinished = /^\.[0-9a-f]{16}\.partial$/

const runLength = 4096

/**
 * Every regular file below a folder, in ascending order of the path's bytes. Links are followed: a link to nothing counts as a
 * file (reading it says what is wrong), a link that leads back to a folder above it is left out, and a folder that several
 * links lead to is walked at the first of them. Pipes, sockets and devices are left out.
 *
 * Memory: the names of the folders between the root and the current one (100 to 200 bytes an entry); the whole tree is never held.
 * @param root a path, one character a byte
 * @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO for a folder that cannot be read
 */
export async function* walk(root: string, options: WalkOptions = {}): AsyncGenerator<Walked, void, undefined> {
  const above: string[] = []
  const linked = new Set<string>()

  async function* folder(at: string, below: string, isLink: boolean): AsyncGenerator<Walked, void, undefined> {
    if (below !== '' && (await options.leaveOut?.(at))) return
    const opened = await openFolder(at, options).catch((error: WordmaskError) => {
      const removedSince = below !== '' && error.code === 'ERR_WORDMASK_FILE_NOT_FOUND'
      if (removedSince) return undefined
      if (below === '' || error.code !== 'ERR_WORDMASK_IO' || options.onUnreadable === undefined) throw error
      options.onUnreadable(bytesToUri(at), error)
      return undefined
    })
    if (opened === undefined || above.includes(opened.identity) || (isLink && linked.has(opened.identity))) return
    if (isLink) linked.add(opened.identity)
    above.push(opened.identity)
    for (const name of opened.names) {
      throwIfAborted(options.signal)
      const plain = name.replace(/[/\0]+$/, '')
      const path = at === '/' ? `/${plain}` : `${at}/${plain}`
      const relative = below === '' ? plain : `${below}/${plain}`
      if (name.endsWith('/')) yield* folder(path, relative, false)
      else if (name.endsWith('/\0')) yield* folder(path, relative, true)
      else yield { bytes: path, relative }
    }
    above.pop()
  }
  yield* folder(root, '', false)
}

/**
 * Names of one folder, sorted in short runs that are merged as they are asked for: a folder of a million files does not hold up
 * the event loop. Folders carry a '/' at their end (which is where they stand in the order of whole paths), linked ones '/\0'.
 */
async function openFolder(folder: string, { hidden = false, signal }: WalkOptions): Promise<{ identity: string; names: Iterable<string> }> {
  const runs: string[][] = []
  let run: string[] = []
  try {
    const { dev, ino } = await stat(raw(folder))
    for await (const entry of await opendir(raw(folder), { encoding: 'latin1' as BufferEncoding, bufferSize: 512 })) {
      throwIfAborted(signal)
      const { name } = entry
      if (hidden ? unfinished.test(name) : name.startsWith('.')) continue
      const kind = entry.isSymbolicLink() ? await target(`${folder}/${name}`) : entry
      if (kind?.isDirectory()) run.push(`${name}${entry.isSymbolicLink() ? '/\0' : '/'}`)
      else if (kind === undefined || kind.isFile()) run.push(name)
      if (run.length >= runLength) {
        runs.push(run.sort())
        run = []
      }
    }
    runs.push(run.sort())
    return { identity: `${dev}:${ino}`, names: merged(runs) }
  } catch (cause) {
    return fail(folder, cause)
  }
}

/** Undefined for a link to nothing (or to itself). */
const target = (link: string): Promise<Stats | undefined> => stat(raw(link)).catch(() => undefined)

/** Two sorted halves at a time, lazily. */
function* merged(runs: string[][]): Generator<string, void, undefined> {
  if (runs.length <= 1) return yield* runs[0] ?? []
  const middle = runs.length >> 1
  const left = merged(runs.slice(0, middle))
  const right = merged(runs.slice(middle))
  let a = left.next()
  let b = right.next()
  while (!a.done || !b.done) {
    if (b.done || (!a.done && a.value < b.value)) {
      yield a.value as string
      a = left.next()
    } else {
      yield b.value
      b = right.next()
    }
  }
}

const raw = (bytes: string) => Buffer.from(bytes, 'latin1')

function fail(bytes: string, cause: unknown): never {
  if (cause instanceof WordmaskError) throw cause
  const uri = bytesToUri(bytes)
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR')
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `There is no folder ${uri}`, { cause })
  throw new WordmaskError('ERR_WORDMASK_IO', `Cannot read the folder ${uri}: ${message}`, { cause })
}
