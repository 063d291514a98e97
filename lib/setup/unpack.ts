import { createWriteStream } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { type Entry, open, type ZipFile } from 'yauzl'
import { WordmaskError } from '../errors'
import { ioError } from './download'
import { makeFolderSync } from './make-folder'

export interface UnpackOptions {
  /** Where an entry goes, relative to the folder; undefined leaves it out. */
  select: (name: string) => string | undefined
  signal?: AbortSignal
}

/** Unpacks the selected entries of a zip (wheels are zips) and checks the CRC-32 of each. Returns the paths written. */
export async function unpackZip(zip: string, folder: string, { select, signal }: UnpackOptions): Promise<string[]> {
  const written: string[] = []
  const file = await openZip(zip)
  try {
    for await (const entry of entries(file, zip)) {
      const target = entry.fileName.endsWith('/') ? undefined : select(entry.fileName)
      if (!target) continue
      if (signal?.aborted) throw new WordmaskError('ERR_WORDMASK_ABORTED', 'Setup was aborted; run the same command again')
      await unpackEntry(file, entry, join(folder, target), zip)
      written.push(target)
    }
  } finally {
    file.close()
  }
  return written
}

/** Names in a zip, in order. */
export async function listZip(zip: string): Promise<string[]> {
  const names: string[] = []
  const file = await openZip(zip)
  try {
    for await (const entry of entries(file, zip)) names.push(entry.fileName)
  } finally {
    file.close()
  }
  return names
}

function openZip(zip: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(zip, { lazyEntries: true, autoClose: false }, (error, file) => (error ? reject(damaged(zip, error)) : resolve(file)))
  })
}

async function* entries(file: ZipFile, zip: string): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      file.removeAllListeners()
      file.once('entry', resolve)
      file.once('end', () => resolve(undefined))
      file.once('error', (error: Error) => reject(damaged(zip, error)))
      file.readEntry()
    })
    if (!entry) return
    yield entry
  }
}

async function unpackEntry(file: ZipFile, entry: Entry, target: string, zip: string): Promise<void> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    file.openReadStream(entry, (error, opened) => (error ? reject(damaged(zip, error)) : resolve(opened)))
  })
  let crc = 0
  const checked = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      crc = crc32(chunk, crc)
      yield chunk
    }
  }
  try {
    makeFolderSync(dirname(target))
    await pipeline(stream, checked, createWriteStream(target))
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall ? ioError(target, error) : damaged(zip, error as Error)
  }
  if (crc !== entry.crc32) throw damaged(zip, new Error(`wrong checksum of ${entry.fileName}`))
}

function damaged(zip: string, error: Error): WordmaskError {
  return new WordmaskError(
    'ERR_WORDMASK_DOWNLOAD',
    `${zip} is not a whole zip file (${error.message}). Remove it and run the same command again`,
    {
      cause: error,
    },
  )
}
