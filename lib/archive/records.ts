import { createReadStream } from 'node:fs'
import { crc32 } from 'node:zlib'
import { newerFormat, WordmaskError } from '../errors'
import type { EmbeddedRow, Reject } from './types'

/** First record of a file of rows: whose vectors they are. */
export interface RecordsHeader {
  format: 'wordmask-rows'
  version: number
  dim: number
  /** sha256 over the weights, as archive.json has it. */
  model: string
}

export const recordsVersion = 1

/** What a journal or a worker's fragment holds after its header. */
export type ArchiveRecord = { row: EmbeddedRow } | { reject: Reject }

/** Bytes before the text: length of the text, length of the vector, CRC-32 of both. */
const prefix = 12
const longestText = 1 << 28

/** u32 text bytes, u32 vector bytes, u32 CRC-32 (all little-endian), JSON, half-precision vector. */
export function encodeRecord(record: RecordsHeader | ArchiveRecord): Buffer {
  let json: unknown = record
  let vector = new Uint16Array(0)
  if ('row' in record) {
    const { vector: half, ...rest } = record.row
    json = { row: rest }
    vector = half as Uint16Array<ArrayBuffer>
  }
  const text = Buffer.from(JSON.stringify(json))
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  const all = Buffer.concat([Buffer.alloc(prefix), text, bytes])
  all.writeUInt32LE(text.length, 0)
  all.writeUInt32LE(bytes.length, 4)
  all.writeUInt32LE(crc32(all.subarray(prefix)), 8)
  return all
}

export interface ReadRecord {
  record: RecordsHeader | ArchiveRecord
  /** Bytes of the file up to and with this record. */
  end: number
}

/** The whole records at the beginning of a stream; a torn or damaged one and what follows it are left out. */
export async function* readRecords(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ReadRecord> {
  let pending: Buffer = Buffer.alloc(0)
  let end = 0
  for await (const chunk of stream) {
    pending = pending.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([pending, chunk])
    let at = 0
    while (pending.length - at >= prefix) {
      const text = pending.readUInt32LE(at)
      const vector = pending.readUInt32LE(at + 4)
      if (text > longestText || vector > longestText) return
      const size = prefix + text + vector
      if (pending.length - at < size) break
      const record = decode(pending.subarray(at, at + size), text)
      if (record === undefined) return
      at += size
      end += size
      yield { record, end }
    }
    pending = pending.subarray(at)
  }
}

function decode(bytes: Buffer, text: number): RecordsHeader | ArchiveRecord | undefined {
  const json = bytes.subarray(prefix, prefix + text)
  const vector = bytes.subarray(prefix + text)
  if (crc32(bytes.subarray(prefix)) !== bytes.readUInt32LE(8)) return undefined
  const value = JSON.parse(json.toString()) as RecordsHeader | ArchiveRecord
  // A copy, since what follows text lies at any address.
  if ('row' in value) value.row.vector = new Uint16Array(Uint8Array.from(vector).buffer)
  return value
}

/** Opens a file of rows: the header is checked, the rows come after it. */
export async function* readRows(stream: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<{ record: ArchiveRecord; end: number }> {
  let first = true
  for await (const { record, end } of readRecords(stream)) {
    if (first) checkHeader(record, name)
    else yield { record: record as ArchiveRecord, end }
    first = false
  }
}

export function readRowsFile(file: string): AsyncGenerator<{ record: ArchiveRecord; end: number }> {
  return readRows(createReadStream(file, { highWaterMark: 1 << 20 }), file)
}

function checkHeader(record: RecordsHeader | ArchiveRecord, name: string): void {
  if (!('format' in record) || record.format !== 'wordmask-rows')
    throw new WordmaskError('ERR_WORDMASK_ARCHIVE', `${name} is no file of archive rows. Remove it, then add the images again.`)
  if (record.version > recordsVersion) {
    throw newerFormat(name, record.version, recordsVersion)
  }
}
