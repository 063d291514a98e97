import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { newerFormat, WordmaskError } from '../errors'
import { makeFolder } from '../setup/make-folder'

/** One line a finished image. `image` is its path, `name` its place in the output folder without ending. */
export interface JournalLine {
  image: string
  name: string
  /** Of the image file when it was done: one that changed since is done again. */
  bytes: number
  modified: number
  [more: string]: unknown
}

export type JournalKey = Pick<JournalLine, 'image' | 'name' | 'bytes' | 'modified'>

/**
 * An append-only JSON-lines file: the truth about which images are done. A line is written after its outputs are in
 * place; a last line torn by a crash is cut off when the file is opened again.
 */
export class Journal {
  private constructor(
    private readonly handle: FileHandle,
    readonly done: Map<string, JournalKey>,
    private lines: number,
  ) {}

  /** Without the header. */
  get lineCount(): number {
    return this.lines
  }

  /** The first line is a header that names the format; `fresh` empties the file. */
  static async open(file: string, fresh: boolean): Promise<Journal> {
    await makeFolder(path.dirname(file))
    const handle = await open(file, fresh ? 'w+' : 'a+')
    try {
      const { done, whole, lines } = await readKeys(file)
      await handle.truncate(whole)
      if (whole === 0) await handle.appendFile(`${JSON.stringify(header)}\n`)
      return new Journal(handle, done, lines)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async append(line: JournalLine): Promise<void> {
    await this.handle.appendFile(`${JSON.stringify(line)}\n`)
    this.lines++
    const { image, name, bytes, modified } = line
    this.done.set(image, { image, name, bytes, modified })
  }

  async close(): Promise<void> {
    await this.handle.sync()
    await this.handle.close()
  }
}

const header = { format: 'wordmask-images', version: 1 }

/** What is done, and the length of the file up to its last whole line. */
async function readKeys(file: string): Promise<{ done: Map<string, JournalKey>; whole: number; lines: number }> {
  const done = new Map<string, JournalKey>()
  let whole = 0
  let lines = 0
  for await (const { line, end } of wholeLines(file)) {
    if (whole === 0) checkHeader(file, line)
    else {
      const { image, name, bytes, modified } = JSON.parse(line) as JournalLine
      done.set(image, { image, name, bytes, modified })
      lines++
    }
    whole = end
  }
  return { done, whole, lines }
}

function checkHeader(file: string, line: string): void {
  const { format, version } = JSON.parse(line) as { format?: string; version?: number }
  if (format !== header.format) throw new WordmaskError('ERR_WORDMASK_IO', `${file} is no wordmask journal; choose another --into`)
  if (!(version! <= header.version)) throw newerFormat(file, version, header.version)
}

/** Lines that end in a newline and parse, with the byte offset after each; stops at the first that does not. */
async function* wholeLines(file: string): AsyncGenerator<{ line: string; end: number }> {
  let end = 0
  let pending: string | undefined
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (pending !== undefined) {
      end += Buffer.byteLength(pending) + 1
      yield { line: pending, end }
    }
    pending = line
  }
  // readline does not say whether the last line ended in a newline: the length of the file does.
  if (pending !== undefined && pending !== '' && (await endsWithNewline(file)))
    yield { line: pending, end: end + Buffer.byteLength(pending) + 1 }
}

async function endsWithNewline(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const last = Buffer.alloc(1)
    await handle.read(last, 0, 1, Math.max(0, size - 1))
    return last[0] === 10
  } finally {
    await handle.close()
  }
}

/** Every line of a journal after its header, later lines of the same image replacing earlier ones' place. */
export async function* readJournal(file: string): AsyncGenerator<JournalLine> {
  const latest = new Map<string, number>()
  let number = 0
  for await (const { line } of wholeLines(file)) if (number++ > 0) latest.set((JSON.parse(line) as JournalLine).image, number)
  number = 0
  for await (const { line } of wholeLines(file)) {
    if (number++ === 0) continue
    const entry = JSON.parse(line) as JournalLine
    if (latest.get(entry.image) === number) yield entry
  }
}
