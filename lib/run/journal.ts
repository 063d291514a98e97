import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { isObject } from '../arguments'
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
 * place; a line torn by a crash or a full disk is cut off with what follows it when the file is opened again.
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
    if (whole > 0) {
      const { image, name, bytes, modified } = line
      done.set(image, { image, name, bytes, modified })
      lines++
    }
    whole = end
  }
  return { done, whole, lines }
}

/** What a crash left of a first line is ours, too; anything else belongs to somebody. */
function checkHeader(file: string, text: string, whole: boolean): void {
  if (!whole && `${JSON.stringify(header)}\n`.startsWith(text)) return
  const { format, version } = (parsed(text) ?? {}) as { format?: string; version?: number }
  if (format !== header.format) throw new WordmaskError('ERR_WORDMASK_IO', `${file} is no wordmask journal; choose another --into`)
  if (!(version! <= header.version)) throw newerFormat(file, version, header.version)
}

/** Lines that end in a newline and parse, with the byte offset after each; stops at the first that does not. The first is the header. */
async function* wholeLines(file: string): AsyncGenerator<{ line: JournalLine; end: number }> {
  let end = 0
  for await (const { text, whole } of textLines(file)) {
    if (end === 0) checkHeader(file, text, whole)
    const line = whole ? parsed(text) : undefined
    if (line === undefined) return
    end += Buffer.byteLength(text) + 1
    yield { line, end }
  }
}

function parsed(text: string): JournalLine | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? (value as unknown as JournalLine) : undefined
  } catch {
    return undefined
  }
}

/** `whole`: ended by a newline, which readline does not say of the last one: the end of the file does. */
async function* textLines(file: string): AsyncGenerator<{ text: string; whole: boolean }> {
  let pending: string | undefined
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (pending !== undefined) yield { text: pending, whole: true }
    pending = text
  }
  if (pending !== undefined) yield { text: pending, whole: await endsWithNewline(file) }
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
  for await (const { line } of wholeLines(file)) if (number++ > 0) latest.set(line.image, number)
  number = 0
  for await (const { line } of wholeLines(file)) if (number++ > 0 && latest.get(line.image) === number) yield line
}
