import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, link, open, rename, rm, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { throwIfAborted } from '../options'
import { makeFolder } from '../setup/make-folder'
import type { ByteRange, ReadOptions, Store, StoredFile } from './store'
import { bytesToUri, normalUri, uriToBytes } from './uri'
import { walk } from './walk'

const raw = (bytes: string) => Buffer.from(bytes, 'latin1')

/** Files of this machine, by path or `file://` URI. Only regular files are read: a pipe would never end. */
export class LocalStore implements Store {
  readonly scheme = 'file'

  async stat(uri: string, { signal }: { signal?: AbortSignal } = {}): Promise<StoredFile> {
    throwIfAborted(signal)
    const found = await stat(raw(uriToBytes(uri))).catch((cause) => fail('read', uri, cause))
    return stored(uri, regular(uri, found))
  }

  async read(uri: string, { range, signal }: ReadOptions = {}): Promise<Buffer> {
    throwIfAborted(signal)
    const handle = await openFile(uri)
    try {
      const { size } = regular(uri, await handle.stat())
      return await readRange(handle, uri, checkRange(uri, range ?? { offset: 0, length: size }, size), signal)
    } catch (cause) {
      return fail('read', uri, cause)
    } finally {
      await handle.close()
    }
  }

  async *stream(uri: string, { range, signal }: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    throwIfAborted(signal)
    const handle = await openFile(uri)
    try {
      const { size } = regular(uri, await handle.stat())
      const { offset, length } = checkRange(uri, range ?? { offset: 0, length: size }, size)
      for (let at = 0; at < length; ) {
        throwIfAborted(signal)
        const piece = Buffer.allocUnsafeSlow(Math.min(length - at, 1 << 20))
        const { bytesRead } = await handle.read(piece, 0, piece.length, offset + at)
        if (bytesRead === 0) throw shortened(uri, at, length)
        at += bytesRead
        yield piece.subarray(0, bytesRead)
      }
    } catch (cause) {
      return fail('read', uri, cause)
    } finally {
      await handle.close()
    }
  }

  async *list(prefix: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<StoredFile, void, undefined> {
    const root = uriToBytes(prefix)
    if (!(await stat(raw(root)).catch(() => undefined))?.isDirectory()) return
    for await (const { bytes } of walk(root, { hidden: true, signal })) {
      const found = await stat(raw(bytes)).catch(() => undefined)
      // Removed since its name was read, or a link to nothing.
      if (found?.isFile()) yield stored(bytesToUri(bytes), found)
    }
  }

  async put(
    uri: string,
    data: Uint8Array | string,
    { ifAbsent = false, signal }: { ifAbsent?: boolean; signal?: AbortSignal } = {},
  ): Promise<boolean> {
    throwIfAborted(signal)
    const target = uriToBytes(uri)
    const folder = path.dirname(target)
    const beside = raw(`${folder}/.${randomBytes(8).toString('hex')}.partial`)
    try {
      await makeFolder(folder, raw)
      const handle = await open(beside, 'wx')
      try {
        await handle.writeFile(data)
        await handle.sync()
      } finally {
        await handle.close()
      }
      throwIfAborted(signal)
      if (ifAbsent && !(await linkNew(beside, raw(target)))) return false
      if (!ifAbsent) await rename(beside, raw(target))
      await syncFolder(raw(folder))
      return true
    } catch (cause) {
      return fail('write', uri, cause)
    } finally {
      await unlink(beside).catch(() => {})
    }
  }

  async remove(uri: string): Promise<void> {
    await rm(raw(uriToBytes(uri)), { force: true }).catch((cause) => fail('remove', uri, cause))
  }
}

/** False where the name is taken: a link is made or not, also with several writers at once. */
async function linkNew(from: Buffer, to: Buffer): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS')
      throw new Error('this file system has no hard links, by which one of several writers wins. Choose a folder on another', { cause })
    throw cause
  }
}

/** The new name survives a power cut only when the folder is on disk as well. */
async function syncFolder(folder: Buffer): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Without O_NONBLOCK a pipe would wait for its writer. */
async function openFile(uri: string): Promise<FileHandle> {
  return open(raw(uriToBytes(uri)), constants.O_RDONLY | constants.O_NONBLOCK).catch((cause) => fail('read', uri, cause))
}

async function readRange(handle: FileHandle, uri: string, { offset, length }: ByteRange, signal?: AbortSignal): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length)
  let at = 0
  while (at < length) {
    throwIfAborted(signal)
    const { bytesRead } = await handle.read(buffer, at, Math.min(length - at, 16 << 20), offset + at)
    if (bytesRead === 0) throw shortened(uri, at, length)
    at += bytesRead
  }
  return buffer
}

function checkRange(uri: string, range: ByteRange, size: number): ByteRange {
  const { offset, length } = range
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected a range in bytes but received ${offset}, ${length} of ${uri}`)
  if (offset + length <= size) return range
  throw new WordmaskError('ERR_WORDMASK_IO', `Cannot read ${uri}: bytes ${offset} to ${offset + length} were asked for, but it has ${size}`)
}

const shortened = (uri: string, bytes: number, wanted: number) =>
  new WordmaskError('ERR_WORDMASK_IO', `Cannot read ${uri}: it ended after ${bytes} of ${wanted} bytes; it was cut while it was read`)

function regular(uri: string, found: Stats): Stats {
  if (found.isFile()) return found
  const what = found.isDirectory() ? 'a folder' : 'a pipe, a socket or a device'
  throw new WordmaskError('ERR_WORDMASK_IO', `Cannot read ${uri}: it is ${what}, not a file`)
}

const stored = (uri: string, { size, mtimeMs }: Stats): StoredFile => ({
  uri: normalUri(uri),
  bytes: size,
  version: `${Math.trunc(mtimeMs)}-${size}`,
})

function fail(what: 'read' | 'write' | 'remove', uri: string, cause: unknown): never {
  if (cause instanceof WordmaskError) throw cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (what === 'read' && (code === 'ENOENT' || code === 'ENOTDIR'))
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${uri} does not exist`, { cause })
  throw new WordmaskError('ERR_WORDMASK_IO', `Cannot ${what} ${uri}: ${message}`, { cause })
}
