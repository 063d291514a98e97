import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract, type Header as TarHeader } from 'tar-stream'
import { WordmaskError } from '../../errors'
import { abortedError } from '../../options'

export interface Member {
  name: string
  /** Absent for kinds that tar-stream does not know, such as GNU's sparse files. */
  type?: TarHeader['type']
  linkname?: string
  /** Of the data, from the beginning of the (unpacked) tar. */
  offset: number
  length: number
  /** Holes are left out of the data, so its bytes are not the file's. */
  sparse: boolean
  /** To be asked for before the next member; members that are not are skipped. */
  data(): Promise<Buffer>
}

/** The tar ends in the middle of something, or what comes there is no header. What came before is whole. */
export class TornTar extends Error {
  constructor(
    reason: string,
    /** Bytes up to which it could be read. */
    readonly at: number,
  ) {
    super(reason)
  }
}

/** What tar-stream's types leave out: offsets, and null for kinds that it does not know. */
type Header = Omit<TarHeader, 'type'> & { type: TarHeader['type'] | null; byteOffset: number; pax: Record<string, string> | null }
type Entry = AsyncIterable<Buffer> & { header: Header; resume(): void }

/**
 * The members of a tar in order, long names (pax, GNU) put together. Errors of the store are thrown as they are.
 *
 * @param gzip the stream is unpacked first; offsets are then those of the unpacked tar
 * @throws TornTar after the last whole member
 */
export async function* tarMembers(
  stream: AsyncIterable<Uint8Array>,
  { gzip = false, signal }: { gzip?: boolean; signal?: AbortSignal } = {},
): AsyncGenerator<Member, void, undefined> {
  const tar = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0])
  const sink = tar as unknown as NodeJS.WritableStream
  const feed = new Feed(stream)
  const read = gzip ? pipeline(feed.bytes(), createGunzip(), feed.counted(), sink) : pipeline(feed.bytes(), feed.counted(), sink)
  read.catch(() => {})
  let end = 0
  const translated = (error: unknown): unknown => {
    if (signal?.aborted) return abortedError(signal)
    return feed.failure ?? new TornTar(reason(error), end)
  }
  try {
    for await (const entry of tar as unknown as AsyncIterable<Entry>) {
      const { header } = entry
      end = header.byteOffset
      yield { ...described(header), data: () => collect(entry, header.size).catch((error) => Promise.reject(translated(error))) }
      entry.resume()
      end += header.size
    }
  } catch (error) {
    throw translated(error)
  } finally {
    tar.destroy()
    await read.catch(() => {})
  }
  if (!feed.ended) throw new TornTar('there is no end mark after the last whole member', end)
}

/** What the stream brings, and how it ended. */
class Feed {
  failure: unknown
  /** The last block was the end mark's zeros. */
  ended = false
  constructor(private readonly stream: AsyncIterable<Uint8Array>) {}

  bytes(): Readable {
    const self = this
    return Readable.from(
      (async function* () {
        try {
          yield* self.stream
        } catch (error) {
          self.failure = error
          throw error
        }
      })(),
      { objectMode: false },
    )
  }

  counted() {
    const self = this
    return async function* (pieces: AsyncIterable<Buffer>) {
      let last: Buffer = Buffer.alloc(0)
      for await (const piece of pieces) {
        last = piece.length >= 512 ? piece.subarray(-512) : Buffer.concat([last, piece]).subarray(-512)
        self.ended = last.length === 512 && last.every((byte) => byte === 0)
        yield piece
      }
    }
  }
}

function described({ name, type, byteOffset, size, linkname, pax }: Header): Omit<Member, 'data'> {
  return {
    name: pax?.path !== undefined ? name : decoded(name),
    ...(type != null && { type }),
    ...(linkname && { linkname: decoded(linkname) }),
    offset: byteOffset,
    length: size,
    sparse: type == null || pax?.['GNU.sparse.major'] !== undefined || pax?.['GNU.sparse.size'] !== undefined,
  }
}

async function collect(entry: Entry, size: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of entry) {
    pieces.push(piece)
    bytes += piece.length
  }
  if (bytes < size) throw new Error('unexpected end')
  return Buffer.concat(pieces, size)
}

/** Names are bytes: those that are not UTF-8 are read as Latin-1, which keeps them apart. */
function decoded(name: string): string {
  const bytes = Buffer.from(name, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : name
}

function reason(error: unknown): string {
  if (error instanceof WordmaskError) return error.message
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') return 'the gzip stream ends in the middle'
  if (code?.startsWith('Z_')) return `the gzip stream is damaged (${message})`
  if (/unexpected end/i.test(message)) return 'it ends in the middle of a member'
  if (/premature close/i.test(message)) return 'it ends in the middle of a member'
  return 'what follows is no tar header; a sparse file of many pieces reads like this, too'
}
